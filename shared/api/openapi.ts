import { z } from 'zod';
import { without } from '../model/without.ts';
import { type Operation, operations } from './operations.ts';
import { apiText, type OperationText } from './operationText.ts';
import { routesOf } from './routes.ts';
import { ErrorAnswer } from './schemas.ts';

type Json = { [key: string]: unknown };

/**
 * The OpenAPI 3.1 description of the API, made from the schemas that hold requests and from the table of routes: no
 * operation can be in one and not in the other.
 */
export function openapi(): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const [key, operation] of Object.entries<Operation>(operations)) {
    const text = apiText[key as keyof typeof operations];
    for (const { suffix, route } of routesOf(operation)) {
      const path = `/${route}`;
      paths[path] ??= { parameters: parametersOf(path) };
      paths[path][operation.method.toLowerCase()] = {
        operationId: operation.name + suffix,
        summary: text.summary,
        description: `With Entra it takes the app role ${operation.role}.`,
        ...(text.query && { parameters: text.query.map(queryParameter) }),
        ...(text.request && { requestBody: { required: true, content: content(text.request, schemas) } }),
        responses: responses(text, schemas),
      };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Plinth',
      version: '2019-06-01-preview',
      description:
        'Tasks and runs of container registries in the words and shapes of Azure Container Registry Tasks. Every operation answers under ARM’s path and under a short one. Values of enums are taken in any case. Where a call names an api-version of ARM it is answered in that one; an unknown one is refused.',
    },
    // The document lies beside what it tells of.
    servers: [{ url: '/' }],
    security: [{ functionKey: [] }, { entra: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([one], [other]) => (one < other ? -1 : 1))),
      securitySchemes: {
        functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' },
        entra: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  };
}

const parametersOf = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

const queryParameter = ({ name, description }: { name: string; description: string }) => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string' },
});

const content = (schema: z.ZodType, schemas: Json) => ({
  'application/json': { schema: componentOf(schema, schemas) },
});

function responses({ answer, also = {} }: OperationText, schemas: Json): Json {
  return {
    200: { description: 'Done.', ...(answer && { content: content(answer, schemas) }) },
    ...Object.fromEntries(Object.entries(also).map(([status, description]) => [status, { description }])),
    default: { description: 'Refused; nothing was changed.', content: content(ErrorAnswer, schemas) },
  };
}

/** A reference to the schema among the components, where it and those it is made of are put under their ids. */
function componentOf(schema: z.ZodType, schemas: Json): Json {
  // What clients send: members with a default may be left out. Answers hold them, which is no contradiction.
  const { $defs = {}, ...whole } = z.toJSONSchema(schema, { io: 'input' });
  for (const [id, definition] of Object.entries($defs)) schemas[id] = withoutId(pointed(definition));
  return withoutId(pointed(without(whole, '$schema')));
}

const pointed = (schema: unknown): Json =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));

/** zod writes a schema's own id into it, where a reader would take it for an address. */
const withoutId = (schema: Json): Json => without(schema, 'id');
