import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type CreateBrandRequest,
  type CreateBrandResponse,
  type CreateStoreRequest,
  type CreateStoreResponse,
  type CreateTillRequest,
  type CreateTillResponse,
  type GetStoreRequest,
  type GetStoreResponse,
  type GetTillRequest,
  type GetTillResponse,
  type IssueTillKeyRequest,
  type IssueTillKeyResponse,
  type ListStoresRequest,
  type ListStoresResponse,
  type ListTillsRequest,
  type ListTillsResponse,
  type ReportKeyUsesRequest,
  type ReportKeyUsesResponse,
  type RevokeTillKeyRequest,
  type RevokeTillKeyResponse,
  type SetStoreRequest,
  type SetStoreResponse,
  type SetTillRequest,
  type SetTillResponse,
  StoreServiceService,
  Till,
  TillKey,
} from '@regulars/contracts/stores/v1/stores';
import {
  idempotencyKeyIn,
  isDryRun,
  pageOf,
  principalOf,
  type Refusal,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
  traceparentIn,
} from '@regulars/service';
import type { z } from 'zod';
import { brandDraft } from './brands/brands.js';
import { BrandsService } from './brands/brands.service.js';
import type { Caller } from './changes/changes.service.js';
import { storeDraft, storeTerms } from './stores/stores.js';
import { StoresService } from './stores/stores.service.js';
import { keyUses, publicKey, tillDraft, tillTerms } from './tills/tills.js';
import { TillsService } from './tills/tills.service.js';

@Controller()
@RpcController(StoreServiceService)
export class StoresController implements RpcHandlers<typeof StoreServiceService> {
  constructor(
    @Inject(BrandsService) private readonly brands: BrandsService,
    @Inject(StoresService) private readonly stores: StoresService,
    @Inject(TillsService) private readonly tills: TillsService,
  ) {}

  @TakesDryRuns()
  async createBrand(request: CreateBrandRequest, metadata: Metadata): Promise<CreateBrandResponse> {
    const result = await this.brands.create(callerOf(metadata), wellFormed(brandDraft, request));
    switch (result.outcome) {
      case 'created':
        return { brand: result.brand, replayed: result.replayed };
      case 'refused':
        throw no(result.reason);
    }
  }

  @TakesDryRuns()
  async createStore(request: CreateStoreRequest, metadata: Metadata): Promise<CreateStoreResponse> {
    const result = await this.stores.create(callerOf(metadata), wellFormed(storeDraft, request));
    switch (result.outcome) {
      case 'created':
        return { store: result.store, replayed: result.replayed };
      case 'refused':
        throw no(result.reason);
    }
  }

  async getStore(request: GetStoreRequest, metadata: Metadata): Promise<GetStoreResponse> {
    const store = await this.stores.find(principalOf(metadata), request.storeId);
    if (!store) throw no('STORE_UNKNOWN');
    return { store };
  }

  @TakesDryRuns()
  async setStore(request: SetStoreRequest, metadata: Metadata): Promise<SetStoreResponse> {
    const result = await this.stores.set(callerOf(metadata), wellFormed(storeTerms, request));
    switch (result.outcome) {
      case 'set':
        return { store: result.store, replayed: result.replayed };
      case 'refused':
        throw no(result.reason);
    }
  }

  async listStores(request: ListStoresRequest, metadata: Metadata): Promise<ListStoresResponse> {
    const page = pageOf(request.page);
    if (!page) throw malformed([{ pointer: '/page/cursor', message: 'the next_cursor of a page before' }]);
    return this.stores.list(principalOf(metadata), page);
  }

  @TakesDryRuns()
  async createTill(request: CreateTillRequest, metadata: Metadata): Promise<CreateTillResponse> {
    const result = await this.tills.create(callerOf(metadata), wellFormed(tillDraft, request));
    switch (result.outcome) {
      case 'created':
        return { till: result.till, replayed: result.replayed };
      case 'refused':
        throw no(result.reason);
    }
  }

  async getTill(request: GetTillRequest, metadata: Metadata): Promise<GetTillResponse> {
    const till = await this.tills.find(principalOf(metadata), request.tillId);
    if (!till) throw no('TILL_UNKNOWN');
    return { till };
  }

  @TakesDryRuns()
  async setTill(request: SetTillRequest, metadata: Metadata): Promise<SetTillResponse> {
    const result = await this.tills.set(callerOf(metadata), wellFormed(tillTerms, request));
    switch (result.outcome) {
      case 'set':
        return { till: Till.fromJSON(result.till), replayed: result.replayed };
      case 'refused':
        throw no(result.reason);
    }
  }

  async listTills(request: ListTillsRequest, metadata: Metadata): Promise<ListTillsResponse> {
    const tills = await this.tills.list(principalOf(metadata), request.storeId);
    if (!tills) throw no('STORE_UNKNOWN');
    return { tills };
  }

  @TakesDryRuns()
  async issueTillKey(request: IssueTillKeyRequest, metadata: Metadata): Promise<IssueTillKeyResponse> {
    const given = wellFormed(publicKey, request).publicKey;
    const result = await this.tills.issueKey(callerOf(metadata), request.tillId, given);
    switch (result.outcome) {
      case 'issued': {
        const { keyId, createdAt } = TillKey.fromJSON(result.key);
        const key = TillKey.fromPartial({ keyId, createdAt, publicKey: given });
        return { key, secret: result.secret, replayed: result.replayed };
      }
      case 'refused':
        throw no(result.reason);
    }
  }

  async reportKeyUses({ uses }: ReportKeyUsesRequest, metadata: Metadata): Promise<ReportKeyUsesResponse> {
    if (principalOf(metadata).kind !== 'service') throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
    await this.tills.reportUses(wellFormed(keyUses, uses));
    return {};
  }

  @TakesDryRuns()
  async revokeTillKey(request: RevokeTillKeyRequest, metadata: Metadata): Promise<RevokeTillKeyResponse> {
    const result = await this.tills.revokeKey(callerOf(metadata), request.tillId, request.keyId);
    switch (result.outcome) {
      case 'revoked':
        return { key: result.key };
      case 'refused':
        throw no(result.reason);
    }
  }
}

type Reason =
  | 'BRAND_UNKNOWN'
  | 'BRAND_CODE_TAKEN'
  | 'STORE_UNKNOWN'
  | 'STORE_CODE_TAKEN'
  | 'TILL_UNKNOWN'
  | 'TILL_NUMBER_TAKEN'
  | 'TOO_MANY_TILLS'
  | 'KEY_UNKNOWN'
  | 'PUBLIC_KEY_TAKEN'
  | 'NO_PUBLIC_KEY'
  | 'VERSION_CHANGED'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'TOO_MANY_LIVE_KEYS';

function no(reason: Reason): Refusal {
  switch (reason) {
    case 'BRAND_UNKNOWN':
    case 'STORE_UNKNOWN':
    case 'TILL_UNKNOWN':
    case 'KEY_UNKNOWN':
      return refusal('NOT_FOUND', reason);
    case 'BRAND_CODE_TAKEN':
    case 'STORE_CODE_TAKEN':
    case 'TILL_NUMBER_TAKEN':
    case 'PUBLIC_KEY_TAKEN':
    case 'IDEMPOTENCY_KEY_REUSED':
      return refusal('ALREADY_EXISTS', reason);
    case 'TOO_MANY_TILLS':
    case 'VERSION_CHANGED':
      return refusal('FAILED_PRECONDITION', reason);
    case 'NO_PUBLIC_KEY':
      return refusal('FAILED_PRECONDITION', reason, { allowed: ['issueTillKey'] });
    case 'TOO_MANY_LIVE_KEYS':
      return refusal('FAILED_PRECONDITION', reason, { allowed: ['revokeTillKey'] });
  }
}

function callerOf(metadata: Metadata): Caller {
  return {
    principal: principalOf(metadata),
    traceparent: traceparentIn(metadata),
    idempotencyKey: idempotencyKeyIn(metadata),
    isDryRun: isDryRun(metadata),
  };
}

function wellFormed<Schema extends z.ZodType>(schema: Schema, request: unknown): z.output<Schema> {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  throw malformed(
    parsed.error.issues.map(({ path, message }) => ({
      pointer: path.map((step) => `/${String(step)}`).join(''),
      message,
    })),
  );
}

function malformed(faults: { pointer: string; message: string }[]): Refusal {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
}
