/** Whether it listens. */
export const healthSchema = {
  tags: ['server'],
  summary: 'Is it listening?',
  response: { 200: { type: 'object', properties: { status: { type: 'string', enum: ['ok'] } } } },
};

const readiness = (description: string) => ({
  description,
  type: 'object',
  required: ['status', 'reasons', 'version'],
  properties: {
    status: { type: 'string', enum: ['ready', 'not-ready'] },
    reasons: { type: 'array', items: { type: 'string' }, description: 'Why it is not, in sentences.' },
    version: { type: 'string', description: 'The version of Pushlab.' },
    redis: {
      type: 'string',
      enum: ['up', 'down', 'clocks-differ'],
      description: 'Only where several servers share one.',
    },
  },
});
/** Whether readers should be sent to it. */
export const readySchema = {
  tags: ['server'],
  summary: 'Should readers be sent here?',
  response: {
    200: readiness('Yes.'),
    503: readiness('Not now: it is stopping, or Redis is away and the class is kept there.'),
  },
};
