/** What the purchase path needs to know of a store. */
export interface KnownStore {
  readonly storeId: string;
  readonly brandId: string;
  readonly timeZone: string;
  readonly dayCutoverMinutes: number;
  /** Counts up with every change of the store at its owner. */
  readonly version: number;
}

/** Which store a till stands in. */
export interface KnownTill {
  readonly tillId: string;
  readonly storeId: string;
  readonly version: number;
}
