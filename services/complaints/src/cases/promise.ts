import { CaseType, IntakeChannel, Severity } from '@regulars/contracts/complaints/v1/cases';

/** What decides how soon a guest hears from us. */
export interface Urgency {
  readonly type: CaseType;
  readonly severity: Severity;
  readonly channel: IntakeChannel;
}

interface ServiceLevel {
  readonly types?: readonly CaseType[];
  readonly severities?: readonly Severity[];
  readonly channels?: readonly IntakeChannel[];
  readonly withinMinutes: number;
}

const { STORE_DESK, ON_SITE_QR, WECHAT, APP, PHONE } = IntakeChannel;

/** The first line that fits counts; the last fits everything. On the clock, not on business hours (requirement C5). */
const serviceLevels: readonly ServiceLevel[] = [
  { types: [CaseType.INQUIRY], channels: [STORE_DESK, ON_SITE_QR, WECHAT, APP], withinMinutes: 1 },
  { types: [CaseType.INQUIRY], channels: [PHONE], withinMinutes: 10 },
  { severities: [Severity.MAJOR], withinMinutes: 2 * 60 },
  { withinMinutes: 24 * 60 },
];

/** By when a guest is promised a first response (承诺时限, requirement C5). */
export function respondBy(receivedAt: Date, urgency: Urgency): Date {
  const fitting = serviceLevels.find(
    ({ types, severities, channels }) =>
      (types?.includes(urgency.type) ?? true) &&
      (severities?.includes(urgency.severity) ?? true) &&
      (channels?.includes(urgency.channel) ?? true),
  );
  return new Date(receivedAt.getTime() + (fitting?.withinMinutes ?? 0) * 60_000);
}
