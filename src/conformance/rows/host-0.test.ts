import { testAgainstHost } from "./host-test.ts";

testAgainstHost(0, 2);
