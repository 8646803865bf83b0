/** Whether it listens. */
export const healthSchema = {
  tags: ['server'],
  summary: 'Is it listening?',
  response: { 200: { type: 'object', properties: { status: { type: 'string', enum: ['ok'] } } } },
};
