#!/usr/bin/env node
/**
 * The `fsbridge` command. This file only sees to it that Node can run the rest, so that an old one
 * says what is missing instead of a syntax error.
 */
import { enableCompileCache } from 'node:module';

const nodeLeast = 26;

if (Number(process.versions.node.split('.')[0]) < nodeLeast) {
  process.stderr.write(
    `fsbridge: Node ${process.versions.node}: Node ${nodeLeast} or later is needed ` +
      '(ERR_NODE_VERSION)\nInstall it from nodejs.org, or put a newer one first on the PATH.\n',
  );
  process.exitCode = 1;
} else {
  // Three quarters of the start are spent on reading our own source; Node can remember that.
  enableCompileCache();
  const { runProgram } = await import('./program.ts');
  process.exit(await runProgram(process.argv.slice(2)));
}
