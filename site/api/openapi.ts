/** The part of an OpenAPI document that the API page shows, and how it becomes rows of tables. Pure. */

export interface Schema {
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Schema;
}

type Content = Record<string, { schema?: Schema }>;

export interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

export interface OpenApiDocument {
  info: { title: string; version: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
}

export interface Route {
  method: string;
  path: string;
  /** Also the anchor of its section: `get-push-sse`. */
  id: string;
  operation: Operation;
}

/** One row of a table of fields. `sameAs` names the row whose fields this one has too. */
export interface Field {
  name: string;
  type: string;
  required: boolean;
  description: string;
  range: string | undefined;
  fallback: string | undefined;
  sameAs: string | undefined;
}

/** The document's routes in its own order, those of each tag together. */
export function routesOf(document: OpenApiDocument): { tag: string; about: string; routes: Route[] }[] {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      id: `${method}${path}`.replace(/[^a-z0-9]+/gi, '-').replace(/-$/, ''),
      operation,
    })),
  );
  return (document.tags ?? []).map(({ name, description = '' }) => ({
    tag: name,
    about: description,
    routes: routes.filter(({ operation }) => operation.tags?.includes(name)),
  }));
}

const typeOf = ({ type = 'any' }: Schema): string => (Array.isArray(type) ? type.join(' or ') : type);

function rangeOf({ enum: choices, minimum, maximum, pattern }: Schema): string | undefined {
  if (choices) return choices.join(', ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum} – ${maximum}`;
  if (minimum !== undefined) return `≥ ${minimum}`;
  if (maximum !== undefined) return `≤ ${maximum}`;
  return pattern;
}

/** A row for the schema itself, without what is inside it. */
export function fieldOf(name: string, schema: Schema, required = false): Field {
  const inner = schema.items;
  return {
    name,
    type: inner ? `list of ${typeOf(inner)}` : typeOf(schema),
    required,
    description: schema.description ?? '',
    range: rangeOf(inner ?? schema),
    fallback: schema.default === undefined ? undefined : [schema.default].flat().join(', '),
    sameAs: undefined,
  };
}

/** Every field inside a schema as a flat list: `bytes.up.head`, `events[].seq`. What was listed once is not listed again. */
export function fieldsOf(schema: Schema, prefix = '', listed = new Map<string, string>()): Field[] {
  if (schema.items) return fieldsOf(schema.items, `${prefix}[]`, listed);
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = prefix ? `${prefix}.${key}` : key;
    const row = fieldOf(name, property, schema.required?.includes(key));
    if (!property.properties && !property.items?.properties) return [row];
    const shape = JSON.stringify(property);
    const sameAs = listed.get(shape);
    if (sameAs !== undefined) return [{ ...row, sameAs }];
    listed.set(shape, name);
    return [row, ...fieldsOf(property, name, listed)];
  });
}
