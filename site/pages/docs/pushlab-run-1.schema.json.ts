/** The form of an exported run, for whoever reads one with other tools. */
import schema from '../../../demo-server/measure/run-schema.json' with { type: 'json' };

export const GET = (): Response => Response.json(schema);
