import { z } from 'zod';
import { pageQuery } from '../edge/fields.js';

/** A list of what is one's own takes a page and nothing else. */
export const ownPageQuery = z.strictObject({ ...pageQuery });
export type OwnPageQuery = z.output<typeof ownPageQuery>;
