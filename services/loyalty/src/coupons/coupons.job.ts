import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { CouponUses } from './coupon-uses.service.js';
import { CouponsService } from './coupons.service.js';

/** Lets coupons go that tills held and neither used nor cancelled in time, and goes on with issues to tiers. */
@Injectable()
export class CouponsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly works: readonly DueWork[];

  constructor(uses: CouponUses, coupons: CouponsService) {
    this.works = [
      new DueWork({ name: 'held coupons', batch: () => uses.releaseDue(), longestRestMs: 1_000 }),
      new DueWork({ name: 'coupon issues', batch: () => coupons.issueDue(), longestRestMs: 2_000 }),
    ];
  }

  onApplicationBootstrap(): void {
    for (const work of this.works) work.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.works.map((work) => work.stop()));
  }
}
