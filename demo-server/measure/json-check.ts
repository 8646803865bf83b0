/**
 * Checks a value against a JSON Schema: the words of draft 2020-12 that run-schema.json uses, and no others. Pure.
 * @see https://json-schema.org/draft/2020-12/json-schema-validation
 */

/** The keywords that are understood. */
export interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  const?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  required?: readonly string[];
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: Schema;
  items?: Schema;
  $defs?: Readonly<Record<string, Schema>>;
}

/** One place where a value is not as its schema wants it: where, what was there, and what is taken there. */
export interface Mismatch {
  path: string;
  got: unknown;
  takes: string;
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
};

/** What a schema takes, in the words of JSON: `number from 0`, `"a" or "b"`. */
function taken(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, minItems = 0, maxItems } = schema;
  const type = [schema.type ?? []].flat().join(' | ');
  const bounds = [
    Number.isFinite(minimum) ? `≥ ${minimum}` : '',
    Number.isFinite(maximum) ? `≤ ${maximum}` : '',
    minItems > 0 || maxItems !== undefined ? `[${minItems}…${maxItems ?? ''}]` : '',
  ];
  return [type, ...bounds].filter((part) => part !== '').join(' ');
}

/** The first `most` mismatches of `value`, none when it fits. `root` holds the `$defs`. */
export function mismatches(value: unknown, root: Schema, most = 5): Mismatch[] {
  const found: Mismatch[] = [];
  check(value, root, '');
  return found;

  function check(value: unknown, given: Schema, path: string): void {
    if (found.length >= most) return;
    const schema = given.$ref ? (root.$defs?.[given.$ref.replace('#/$defs/', '')] ?? {}) : given;
    if (!fits(value, schema)) {
      found.push({ path, got: value, takes: taken(schema) });
    } else if (Array.isArray(value)) {
      const { items } = schema;
      if (items) for (let index = 0; index < value.length; index++) check(value[index], items, `${path}[${index}]`);
    } else if (typeof value === 'object' && value !== null) {
      checkFields(value as Record<string, unknown>, schema, path);
    }
  }

  function checkFields(value: Record<string, unknown>, schema: Schema, path: string): void {
    const at = (name: string) => (path === '' ? name : `${path}.${name}`);
    const { required = [], properties = {}, additionalProperties } = schema;
    for (const name of required) {
      if (!Object.hasOwn(value, name)) check(undefined, properties[name] ?? {}, at(name));
    }
    for (const [name, one] of Object.entries(value)) {
      const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      if (known) check(one, known, at(name));
    }
  }
}

function fits(value: unknown, schema: Schema): boolean {
  if (value === undefined) return false;
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum) return schema.enum.includes(value);
  if (schema.type !== undefined) {
    const types = [schema.type].flat();
    const type = typeOf(value);
    if (!types.includes(type) && !(type === 'number' && types.includes('integer') && Number.isInteger(value))) {
      return false;
    }
  }
  if (typeof value === 'number') {
    // 1e999 is good JSON, and no number that anything could be drawn at.
    if (!Number.isFinite(value)) return false;
    return value >= (schema.minimum ?? value) && value <= (schema.maximum ?? value);
  }
  if (Array.isArray(value)) {
    return value.length >= (schema.minItems ?? 0) && value.length <= (schema.maxItems ?? value.length);
  }
  return true;
}
