/** Writes docs/openapi.json: npm run openapi. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openapi } from '../../shared/api/openapi.ts';

const file = join(import.meta.dirname, '../../docs/openapi.json');
await writeFile(file, `${JSON.stringify(openapi(), undefined, 2)}\n`);
console.log(`Written: ${file}`);
