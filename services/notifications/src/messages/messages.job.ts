import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { Counter } from 'prom-client';
import { MessagesService, sendingBatch } from './messages.service.js';

const tried = new Counter({
  name: 'regulars_messages_tried_total',
  help: 'Tries to send a message, by what became of it',
  labelNames: ['template', 'state'],
});
const possibleDuplicates = new Counter({
  name: 'regulars_messages_possible_duplicates_total',
  help: 'Messages sent although the provider may have taken them before, under the same Message-ID',
});

/** Sends messages when they are due. */
@Injectable()
export class MessagesJob implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Gathers messages for a tenth of a second: a look costs five statements and a question to members. */
  readonly #work = new DueWork({
    name: 'messages',
    shortestRestMs: 100,
    longestRestMs: 500,
    fullBatch: sendingBatch,
    batch: () => this.#sendDue(),
  });

  constructor(private readonly messages: MessagesService) {
    messages.onHeard(() => this.#work.wake());
  }

  onApplicationBootstrap(): void {
    this.#work.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#work.stop();
  }

  async #sendDue(): Promise<number> {
    const batch = await this.messages.sendDue();
    for (const { template, state, possibleDuplicate } of batch) {
      tried.inc({ template, state });
      if (possibleDuplicate) possibleDuplicates.inc();
    }
    return batch.length;
  }
}
