/**
 * The benchmarks: medians and ratios to a baseline of the same run, never an assertion.
 *
 *   npm run bench [-- PATTERN]
 */
import { readdirSync } from 'node:fs';
import { prepareMachine, stackPackages } from '../../local/machine/machine.mjs';

const pattern = new RegExp(process.argv[2] ?? '');
const files = readdirSync(import.meta.dirname).filter(
  (name) => name.endsWith('.ts') && !['run.ts', 'figures.ts'].includes(name),
);
const wanted = files.filter((name) => pattern.test(name));
if (wanted.length === 0) {
  console.error(
    `No benchmark matches ${pattern}: ${files.map((name) => name.replace('.ts', '')).join(', ')}.`,
  );
  process.exit(1);
}
await prepareMachine(stackPackages);
for (const file of wanted) {
  console.log(`\n# ${file.replace('.ts', '')}\n`);
  const { default: run } = (await import(`./${file}`)) as { default: () => Promise<void> };
  await run();
}
