import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import { Call } from '../access/call.guard.js';
import { Malformed } from '../edge/faults.js';
import { type Gathered, gather } from '../edge/parts.client.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import {
  type ChangesQuery,
  changeAnswer,
  changePage,
  changesQuery,
  cursorOf,
  newestOf,
  type Owner,
  owners as ownerNames,
  positionIn,
  seals,
} from './change.js';

/** Who changed the configuration (requirement O4). */
@ApiTags('configuration')
@Controller('v1/configuration')
export class ChangesController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Get('changes')
  @Documented({
    summary: 'List changes of configuration, newest first',
    description:
      'Brands, stores, tills, keys, programmes, rewards: each change with who made it and what it led to. `parts` tells whose changes are missing because they could not be asked.',
    answers: { 200: changePage },
  })
  async listChanges(@Query({ schema: changesQuery }) query: ChangesQuery, @Call() call: CallOptions) {
    const { owner, limit = 50, cursor, principal = '', recordId = '', change = '' } = query;
    const from = positionIn(cursor);
    if (!from) throw new Malformed([{ pointer: '/query/cursor', message: 'Expected the nextCursor of a page before' }]);
    const wanted = { principal, recordId, change, from: dateOf(query.from), until: dateOf(query.until) };
    const names = owner === undefined ? ownerNames : [owner];
    const { values, parts } = await this.ofEach(names, async (name) => {
      const request = { ...wanted, beforeEntry: from[name] ?? 0, limit: limit + 1 };
      const { changes } = await this.clientOf(name).listChanges(request, call);
      return changes.map((each) => changeAnswer(name, each));
    });
    const { page, next } = newestOf(present(values), limit, from);
    return { parts, changes: page, nextCursor: next && cursorOf(next) };
  }

  @Get('seals')
  @Documented({
    summary: 'Verify that the log of changes is whole',
    description:
      'Every change is chained to the one before by its hash. Here all of it is reckoned again. Keep the head elsewhere: a log that was cut or written anew has another.',
    answers: { 200: seals },
  })
  async verifyChanges(@Call() call: CallOptions) {
    const { values, parts } = await this.ofEach(ownerNames, (name) => this.sealOf(name, call));
    return { parts, seals: present(values) };
  }

  private ofEach<Value>(
    names: readonly Owner[],
    ask: (name: Owner) => Promise<Value>,
  ): Promise<Gathered<Record<Owner, Value>>> {
    return gather(Object.fromEntries(names.map((name) => [name, ask(name)])) as Record<Owner, Promise<Value>>);
  }

  private async sealOf(owner: Owner, call: CallOptions) {
    const { brokenEntry, headHash, ...found } = await this.clientOf(owner).verifyChanges({}, call);
    const isWhole = brokenEntry === 0;
    return {
      owner,
      ...found,
      headHash: Buffer.from(headHash).toString('hex'),
      isWhole,
      brokenEntry: isWhole ? undefined : brokenEntry,
    };
  }

  private clientOf(owner: Owner) {
    return owner === 'stores' ? this.owners.storesConfiguration : this.owners.loyaltyConfiguration;
  }
}

/** What is there of what was asked for. */
function present<Value>(values: Readonly<Record<string, Value | undefined>>): Value[] {
  return Object.values(values).filter((value) => value !== undefined);
}

function dateOf(told: string | undefined): Date | undefined {
  return told === undefined ? undefined : new Date(told);
}
