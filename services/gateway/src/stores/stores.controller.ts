import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { present } from '../edge/present.js';
import { Documented } from '../edge/reference.config.js';
import { tellReplay } from '../edge/replay.guard.js';
import { Owners } from '../owners.client.js';
import {
  type BrandBody,
  brand,
  brandAnswer,
  brandBody,
  issuedKey,
  keyAnswer,
  keyBody,
  type StoreBody,
  type StoresQuery,
  store,
  storeAnswer,
  storeBody,
  storePage,
  storesQuery,
  type TillBody,
  till,
  tillAnswer,
  tillBody,
  tillKey,
  tills,
} from './store.js';

/** Brands, stores, tills and their keys (requirement O4). */
@ApiTags('stores')
@Controller('v1')
export class StoresController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post('brands')
  @Documented({
    summary: 'Add a brand',
    answers: { 201: brand, 200: brand },
    problems: ['BRAND_CODE_TAKEN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async createBrand(
    @Body({ schema: brandBody }) body: BrandBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.owners.stores.createBrand(body, write.call);
    tellReplay(reply, created.replayed);
    return brandAnswer(present(created.brand));
  }

  @Post('stores')
  @Documented({
    summary: 'Add a store',
    answers: { 201: store, 200: store },
    problems: ['STORE_CODE_TAKEN', 'BRAND_UNKNOWN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async createStore(
    @Body({ schema: storeBody }) body: StoreBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.owners.stores.createStore(body, write.call);
    tellReplay(reply, created.replayed);
    return storeAnswer(present(created.store));
  }

  @Get('stores')
  @Documented({ summary: 'List the stores that the caller may see', answers: { 200: storePage } })
  async listStores(@Query({ schema: storesQuery }) query: StoresQuery, @Call() call: CallOptions) {
    const { stores, nextCursor } = await this.owners.stores.listStores({ page: pageRequest(query) }, call);
    return { stores: stores.map(storeAnswer), nextCursor: nextCursor || undefined };
  }

  @Get('stores/:storeId')
  @Documented({ summary: 'Read a store', answers: { 200: store }, problems: ['STORE_UNKNOWN'] })
  async readStore(@Param('storeId', { schema: id }) storeId: string, @Call() call: CallOptions) {
    const found = await this.owners.stores.getStore({ storeId }, call);
    return storeAnswer(present(found.store));
  }

  @Post('tills')
  @Documented({
    summary: 'Add a till to a store',
    answers: { 201: till, 200: till },
    problems: ['STORE_UNKNOWN', 'TILL_NUMBER_TAKEN', 'TOO_MANY_TILLS', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async createTill(
    @Body({ schema: tillBody }) body: TillBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.owners.stores.createTill(body, write.call);
    tellReplay(reply, created.replayed);
    return tillAnswer(present(created.till));
  }

  @Get('stores/:storeId/tills')
  @Documented({ summary: 'List the tills of a store', answers: { 200: tills }, problems: ['STORE_UNKNOWN'] })
  async listTills(@Param('storeId', { schema: id }) storeId: string, @Call() call: CallOptions) {
    const found = await this.owners.stores.listTills({ storeId }, call);
    return { tills: found.tills.map(tillAnswer) };
  }

  @Post('tills/:tillId/keys')
  @Documented({
    summary: 'Make a key for a till',
    description:
      'At most two keys of a till are live, so that one can be replaced without a pause. A repeated answer is without the secret: where the first was lost, revoke the key and make another.',
    answers: { 201: issuedKey, 200: issuedKey },
    problems: ['TILL_UNKNOWN', 'TOO_MANY_LIVE_KEYS', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async issueTillKey(
    @Param('tillId', { schema: id }) tillId: string,
    @Body({ schema: keyBody }) _body: undefined | object,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { key, secret, replayed } = await this.owners.stores.issueTillKey({ tillId }, write.call);
    tellReplay(reply, replayed);
    const { keyId, createdAt } = present(key);
    return { keyId, createdAt, secret: secret || undefined };
  }

  @Delete('tills/:tillId/keys/:keyId')
  @Documented({
    summary: 'Revoke a key of a till',
    description: 'It is refused within seconds. Repeating it changes nothing.',
    answers: { 200: tillKey },
    problems: ['TILL_UNKNOWN', 'KEY_UNKNOWN'],
  })
  async revokeTillKey(
    @Param('tillId', { schema: id }) tillId: string,
    @Param('keyId', { schema: id }) keyId: string,
    @Call() call: CallOptions,
  ) {
    const { key } = await this.owners.stores.revokeTillKey({ tillId, keyId }, call);
    return keyAnswer(present(key));
  }
}
