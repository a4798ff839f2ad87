import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Write, Writing } from '../access/call.guard.js';
import { id } from '../edge/fields.js';
import { Documented } from '../edge/reference.config.js';
import { Owners } from '../owners.client.js';
import { versionNumber } from '../programmes/programme.js';
import { type ImaginedBody, imaginedBody, imaginedOf, simulation, simulationAnswer } from './simulation.js';

/** What a version of a programme would do, before it is published (requirement L3). */
@ApiTags('programmes')
@Controller('v1/programmes/:programmeId/versions')
export class SimulationsController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post(':version(^\\d+)::simulate')
  @HttpCode(200)
  @Documented({
    summary: 'Try a purchase',
    description: 'What it would earn by a version, draft or published, and why. Nothing is booked.',
    answers: { 200: simulation },
    problems: ['VERSION_UNKNOWN'],
    needsKey: true,
  })
  async simulatePurchase(
    @Param('programmeId', { schema: id }) programmeId: string,
    @Param('version', { schema: versionNumber }) version: number,
    @Body({ schema: imaginedBody }) body: ImaginedBody,
    @Writing() write: Write,
  ) {
    const purchase = imaginedOf(body);
    return simulationAnswer(
      await this.owners.simulations.simulatePurchase({ programmeId, version, purchase }, write.call),
    );
  }
}
