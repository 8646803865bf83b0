/** A refusal in the documentation of a route. */
const refusal = {
  type: 'object',
  required: ['error', 'message'],
  properties: {
    error: { type: 'string', description: 'A stable word for programs.' },
    message: { type: 'string', description: 'What was received, what is accepted, what to do.' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'takes'],
        properties: { field: { type: 'string' }, got: {}, takes: { type: 'string' } },
      },
    },
  },
};
/** Documented here, but written by the error handler, which knows no schema. */
export const refused = (description: string) => ({ description, content: { 'application/json': { schema: refusal } } });
