// Installs and builds, then runs a script with the arguments that follow its name.
import { spawnSync } from "node:child_process";
import { build, installPackages } from "./setup.mjs";

installPackages();
build();
process.exit(spawnSync(process.execPath, process.argv.slice(2), { stdio: "inherit" }).status ?? 1);
