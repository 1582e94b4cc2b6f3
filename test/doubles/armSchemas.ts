import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

const folder = join(import.meta.dirname, '../fixtures/acr');
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

/** Bodies that have every property of a definition, one for each of its kinds (the kinds of a step, of a request). */
export function samplesOf(version: string, definition: string): unknown[] {
  const { definitions } = read(`arm-schema-${version}-RegistryTasks.json`);
  const samples = (schema: any): unknown[] => {
    if (schema.$ref)
      return schema.$ref.startsWith('#') ? samples(definitions[schema.$ref.split('/').at(-1)]) : [];
    if (schema.oneOf) return schema.oneOf.flatMap(samples);
    if (schema.enum) return [schema.enum[0]];
    if (schema.type === 'array') return samples(schema.items).map((item) => [item]);
    if (schema.additionalProperties && Object.keys(schema.properties ?? {}).length === 0)
      return samples(schema.additionalProperties).map((value) => ({ 'a.example.com': value }));
    if (schema.type !== 'object') return ['x'];
    const members = Object.entries(schema.properties ?? {}).map(
      ([name, member]) => [name, samples(member)] as const,
    );
    const kinds = Math.max(1, ...members.map(([, values]) => values.length));
    return Array.from({ length: kinds }, (_, at) =>
      Object.fromEntries(members.map(([name, values]) => [name, values[at % values.length]])),
    );
  };
  return samples(definitions[definition]);
}
