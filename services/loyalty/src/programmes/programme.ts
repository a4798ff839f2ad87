import type { ProgrammeTerms } from '@regulars/contracts/loyalty/v1/programmes';

/** A programme as stored. */
export interface ProgrammeRow {
  readonly programmeId: string;
  readonly code: string;
  readonly nameZh: string;
  readonly nameEn: string;
  readonly currency: string;
  readonly brandIds: readonly string[];
}

/** A version as stored; a draft has no dates. */
export interface VersionRow {
  readonly programmeId: string;
  readonly version: number;
  readonly terms: ProgrammeTerms;
  readonly effectiveFrom: string | null;
  readonly publishedAt: Date | null;
}
