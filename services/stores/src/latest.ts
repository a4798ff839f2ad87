/** What a published record keeps of its latest event, so that it can be published again as the same event. */
export interface Latest {
  /** Counts up with every change of the record, from 1; readers keep the highest. */
  readonly version: number;
  readonly eventId: string;
  readonly changedAt: Date;
}
