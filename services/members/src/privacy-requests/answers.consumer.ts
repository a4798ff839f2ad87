import { Inject, Injectable } from '@nestjs/common';
import { MemberDataErased, MemberDataFound, MemberDataRestricted } from '@regulars/contracts/privacy/v1/privacy_events';
import type { EventConsumer, ReceivedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { type Answered, PrivacyRequestsService } from './privacy-requests.service.js';

/** Hears what a service did on request of members. */
abstract class AnswersConsumer implements EventConsumer {
  abstract readonly topic: string;
  readonly group = 'members';

  constructor(@Inject(PrivacyRequestsService) private readonly requests: PrivacyRequestsService) {}

  async apply(tx: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
    await this.requests.answered(tx, events.flatMap(answerIn));
  }
}

@Injectable()
export class MembersAnswersConsumer extends AnswersConsumer {
  readonly topic = 'regulars.members.privacy.v1';
}

@Injectable()
export class LoyaltyAnswersConsumer extends AnswersConsumer {
  readonly topic = 'regulars.loyalty.privacy.v1';
}

@Injectable()
export class ComplaintsAnswersConsumer extends AnswersConsumer {
  readonly topic = 'regulars.complaints.privacy.v1';
}

@Injectable()
export class SurveysAnswersConsumer extends AnswersConsumer {
  readonly topic = 'regulars.surveys.privacy.v1';
}

@Injectable()
export class NotificationsAnswersConsumer extends AnswersConsumer {
  readonly topic = 'regulars.notifications.privacy.v1';
}

export const answersConsumers = [
  MembersAnswersConsumer,
  LoyaltyAnswersConsumer,
  ComplaintsAnswersConsumer,
  SurveysAnswersConsumer,
  NotificationsAnswersConsumer,
];

function answerIn({ type, payload, time }: ReceivedEvent): Answered[] {
  switch (type) {
    case 'regulars.privacy.v1.MemberDataFound': {
      const { requestId, service, records, sha256, answeredAt = time } = MemberDataFound.fromJSON(payload);
      return [{ requestId, service, records, sha256: Buffer.from(sha256), answeredAt }];
    }
    case 'regulars.privacy.v1.MemberDataErased': {
      const { requestId, service, records, answeredAt = time } = MemberDataErased.fromJSON(payload);
      return [{ requestId, service, records, sha256: null, answeredAt }];
    }
    case 'regulars.privacy.v1.MemberDataRestricted': {
      const { requestId, service, records, answeredAt = time } = MemberDataRestricted.fromJSON(payload);
      return [{ requestId, service, records, sha256: null, answeredAt }];
    }
    default:
      return [];
  }
}
