import { testAgainstHost } from "./host-test.ts";

testAgainstHost("interp");
