/**
 * The program that runs test files without servers, one after the other: most take less time than a process takes to start.
 * What it is sent, it answers on its output, behind what the file printed.
 */
import { pathToFileURL } from 'node:url';
import type { FileMessage } from './fileRunner.ts';

const uvu = globalThis as { UVU_DEFER?: boolean; UVU_QUEUE?: unknown[] };
/** uvu then runs nothing by itself; it looks when it is imported. */
uvu.UVU_DEFER = true;
const environment = { ...process.env };

process.on('message', async (message: FileMessage) => {
  if (message === 'no more') return process.disconnect();
  const { file, end } = message;
  process.stdout.write(`\n${end} ${await runFile(file)}\n`);
});

/** @returns what the file's own process would end with */
async function runFile(file: string): Promise<number> {
  uvu.UVU_QUEUE = [[null]];
  process.exitCode = 0;
  try {
    const { exec } = await import('uvu');
    await import(pathToFileURL(file).href);
    await exec();
    return Number(process.exitCode);
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    process.exitCode = 0;
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  }
}
