import { Body, Controller, Delete, Get, Headers, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { CallOptions } from '@regulars/service';
import type { FastifyReply } from 'fastify';
import { Call, Write, Writing } from '../access/call.guard.js';
import { DryRunQuery } from '../edge/dry-run.guard.js';
import { id, pageRequest } from '../edge/fields.js';
import { IfMatchHeader, tellVersion, versionOf } from '../edge/if-match.config.js';
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
  type KeyBody,
  keyAnswer,
  keyBody,
  publicKeyAnswer,
  publicKeyBytes,
  type StoreBody,
  type StoresQuery,
  type StoreTerms,
  store,
  storeAnswer,
  storeBody,
  storePage,
  storesQuery,
  storeTerms,
  type TillBody,
  type TillTerms,
  till,
  tillAnswer,
  tillBody,
  tillKey,
  tills,
  tillTerms,
} from './store.js';

/** Brands, stores, tills and their keys (requirement O4). */
@ApiTags('stores')
@Controller('v1')
export class StoresController {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  @Post('brands')
  @DryRunQuery()
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
  @DryRunQuery()
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
  async readStore(
    @Param('storeId', { schema: id }) storeId: string,
    @Call() call: CallOptions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const found = present((await this.owners.stores.getStore({ storeId }, call)).store);
    tellVersion(reply, found.version);
    return storeAnswer(found);
  }

  @Put('stores/:storeId')
  @IfMatchHeader()
  @DryRunQuery()
  @Documented({
    summary: 'Replace what can be changed of a store',
    description: 'Its brand, code and currency stay what they were.',
    answers: { 200: store },
    problems: ['STORE_UNKNOWN', 'VERSION_CHANGED', 'IF_MATCH_NEEDED', 'IDEMPOTENCY_KEY_REUSED'],
    needsKey: true,
  })
  async setStore(
    @Param('storeId', { schema: id }) storeId: string,
    @Body({ schema: storeTerms }) body: StoreTerms,
    @Headers('if-match') ifMatch: string | undefined,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { storeId, ...body, expectedVersion: versionOf(ifMatch) };
    const set = await this.owners.stores.setStore(request, write.call);
    tellReplay(reply, set.replayed);
    const found = present(set.store);
    tellVersion(reply, found.version);
    return storeAnswer(found);
  }

  @Post('tills')
  @DryRunQuery()
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

  @Get('tills/:tillId')
  @Documented({ summary: 'Read a till', answers: { 200: till }, problems: ['TILL_UNKNOWN'] })
  async readTill(
    @Param('tillId', { schema: id }) tillId: string,
    @Call() call: CallOptions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const found = present((await this.owners.stores.getTill({ tillId }, call)).till);
    tellVersion(reply, found.version);
    return tillAnswer(found);
  }

  @Put('tills/:tillId')
  @IfMatchHeader()
  @DryRunQuery()
  @Documented({
    summary: 'Replace what can be changed of a till',
    description: 'Its number, and whether only what it signed is taken from it. In force within seconds.',
    answers: { 200: till },
    problems: [
      'TILL_UNKNOWN',
      'TILL_NUMBER_TAKEN',
      'NO_PUBLIC_KEY',
      'VERSION_CHANGED',
      'IF_MATCH_NEEDED',
      'IDEMPOTENCY_KEY_REUSED',
    ],
    needsKey: true,
  })
  async setTill(
    @Param('tillId', { schema: id }) tillId: string,
    @Body({ schema: tillTerms }) body: TillTerms,
    @Headers('if-match') ifMatch: string | undefined,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { tillId, ...body, expectedVersion: versionOf(ifMatch) };
    const set = await this.owners.stores.setTill(request, write.call);
    tellReplay(reply, set.replayed);
    const found = present(set.till);
    tellVersion(reply, found.version);
    return tillAnswer(found);
  }

  @Post('tills/:tillId/keys')
  @DryRunQuery()
  @Documented({
    summary: 'Make a key for a till, or register the public key with which it signs',
    description:
      'At most two keys of a till are live, so that one can be replaced without a pause. A repeated answer is without the secret: where the first was lost, revoke the key and make another.',
    answers: { 201: issuedKey, 200: issuedKey },
    problems: ['TILL_UNKNOWN', 'TOO_MANY_LIVE_KEYS', 'PUBLIC_KEY_TAKEN', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async issueTillKey(
    @Param('tillId', { schema: id }) tillId: string,
    @Body({ schema: keyBody }) body: KeyBody,
    @Writing() write: Write,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const request = { tillId, publicKey: publicKeyBytes(body) };
    const { key, secret, replayed } = await this.owners.stores.issueTillKey(request, write.call);
    tellReplay(reply, replayed);
    const { keyId, createdAt, publicKey } = present(key);
    return { keyId, createdAt, secret: secret || undefined, publicKey: publicKeyAnswer(publicKey) };
  }

  @Delete('tills/:tillId/keys/:keyId')
  @DryRunQuery()
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
