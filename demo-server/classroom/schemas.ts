/** The schemas of the classroom's routes. */
import { refused } from '../schemas/refused.ts';

export const classSocketSchema = {
  tags: ['classroom'],
  summary: 'The class’s WebSocket, one for each device',
  description:
    'JSON text frames. The first is {"type":"hello"} with a join code and a nickname, with a seat and its secret, or with the teacher’s token. Then the server sends the class at each change. Only with --classroom. Every message is described on the page “The class’s socket”.',
  response: {
    101: { description: 'Switching Protocols', type: 'null' },
    403: refused('The page that asks is of another origin.'),
    426: refused('A plain GET: this route speaks WebSocket.'),
  },
};

export const classInfoSchema = {
  tags: ['classroom'],
  summary: 'Is there a class here?',
  description:
    'Its name and whether it can be joined; nothing about its members. All other routes of a class exist only with --classroom.',
  response: {
    200: {
      type: 'object',
      properties: {
        open: { type: 'boolean' },
        name: { type: 'string' },
        locked: { type: 'boolean' },
        ended: { type: 'boolean' },
      },
    },
  },
};

const authorization = {
  type: 'object',
  properties: { authorization: { type: 'string', description: 'Bearer and the teacher’s token.' } },
};
const forTeachers = {
  401: refused('No teacher’s token came with the request, or a wrong one.'),
  404: refused('No such class, or the server runs without one.'),
};

export const classListSchema = {
  tags: ['classroom'],
  summary: 'The classes that are kept',
  description:
    'The one that was used last is the last; `current` is the id of the one that this server leads. `keepDays` is what the server was started with. Times in ms since 1970; `keptUntil` null = no end is set.',
  headers: authorization,
  response: {
    200: {
      type: 'object',
      properties: {
        current: { type: 'string' },
        keepDays: { type: ['integer', 'null'] },
        classes: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              id: { type: 'string' },
              name: { type: 'string' },
              openedAt: { type: 'number' },
              usedAt: { type: 'number' },
              keptUntil: { type: ['number', 'null'] },
              ended: { type: 'boolean' },
              changes: { type: 'integer' },
            },
          },
        },
      },
    },
    ...forTeachers,
  },
};
const ofClass = { type: 'object', properties: { id: { type: 'string', description: 'Class id' } } };

export const classExportSchema = {
  tags: ['classroom'],
  summary: 'The results of a class',
  description: 'Nicknames, runs, answers: as CSV (one line for each seat and lane, and for each answer) or as JSON.',
  params: { type: 'object', properties: { ...ofClass.properties, format: { type: 'string', enum: ['csv', 'json'] } } },
  headers: authorization,
  response: {
    200: {
      description: 'The results',
      content: { 'text/csv': { schema: { type: 'string' } }, 'application/json': { schema: {} } },
    },
    400: refused('A format that is neither csv nor json.'),
    ...forTeachers,
  },
};
export const classDeleteSchema = {
  tags: ['classroom'],
  summary: 'Delete a class with all that is kept of it',
  description: 'Seats, nicknames, results, answers. It cannot be undone.',
  params: ofClass,
  headers: authorization,
  response: {
    204: { description: 'It is gone.', type: 'null' },
    403: refused('The page that asks is of another origin.'),
    409: refused('It goes on: end it first.'),
    ...forTeachers,
  },
};
