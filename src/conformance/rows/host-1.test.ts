import { testAgainstHost } from "./host-test.ts";

testAgainstHost(1, 2);
