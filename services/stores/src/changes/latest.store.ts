import { Column } from 'typeorm';
import type { Latest } from '../latest.js';

/** The columns that every published table has for its latest event. */
export class LatestColumns implements Latest {
  @Column('bigint')
  version!: number;

  @Column('uuid', { name: 'event_id' })
  eventId!: string;

  @Column('timestamptz', { name: 'changed_at' })
  changedAt!: Date;
}
