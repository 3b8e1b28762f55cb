import { testAgainstHost } from "./host-test.ts";

await testAgainstHost("oracle");
