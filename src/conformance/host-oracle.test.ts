import { testAgainstHost } from "./host-test.ts";

testAgainstHost("oracle");
