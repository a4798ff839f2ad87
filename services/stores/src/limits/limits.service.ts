import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { addCalls, type CallCount, forgetOldCounts } from './limits.store.js';

/** Adds up what gateways let in, for limits that hold across them (requirement O4). */
@Injectable()
export class LimitsService {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** All calls of each subject that any gateway has told, in the order of `counts`. */
  async count(counts: readonly CallCount[]): Promise<number[]> {
    const { manager } = this.dataSource;
    const sums = await addCalls(manager, counts);
    await forgetOldCounts(manager);
    return counts.map(({ subject }) => sums.get(subject) ?? 0);
  }
}
