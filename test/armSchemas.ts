import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

const folder = join(import.meta.dirname, 'fixtures/acr');
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** An official example: the body that a client sends, and the bodies of its answers by status. */
export interface Example {
  name: string;
  request: any;
  answers: Record<string, any>;
}

/** The official examples of an operation, by the start of their names. */
export function examples(start: string): Example[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(start))
    .map((name) => {
      const { parameters, responses = {} } = read(name);
      const request =
        parameters.runRequest ?? parameters.taskCreateParameters ?? parameters.taskUpdateParameters;
      const answers = Object.entries(responses).map(([status, answer]) => [status, (answer as any).body]);
      return { name, request, answers: Object.fromEntries(answers) };
    });
}

/** Says what of a value is against a schema; an empty list when nothing is. */
export type Faults = (value: unknown) => string[];

/** A definition of Microsoft's own ARM schema, of the api-version that az uses. */
export function armSchema(definition: string): Faults {
  const schema = read('arm-schema-2019-06-01-preview-RegistryTasks.json');
  // The schema is for templates, where an expression may stand for any value; answers hold none.
  const text = JSON.stringify({ definitions: schema.definitions }).replaceAll(
    /\{"\$ref":"https:\/\/schema\.management\.azure\.com\/[^"]+"\}/g,
    '{"not":{}}',
  );
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  return faultsOf(ajv, { ...JSON.parse(text), $ref: `#/definitions/${definition}` });
}

/** A schema of our own description. */
export function openapiSchema(document: object, pointer: string): Faults {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document, 'openapi');
  return faultsOf(ajv, { $ref: `openapi#${pointer}` });
}

function faultsOf(ajv: Ajv | Ajv2020, schema: object): Faults {
  const validate = ajv.compile(schema);
  return (value) =>
    validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
