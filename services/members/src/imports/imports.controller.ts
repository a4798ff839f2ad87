import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type AddImportPartRequest,
  type AddImportPartResponse,
  type BeginImportRequest,
  type BeginImportResponse,
  type CompleteImportRequest,
  type CompleteImportResponse,
  type FindImportedRequest,
  type FindImportedResponse,
  type GetImportRequest,
  type GetImportResponse,
  type Import,
  ImportFormat,
  ImportState,
  type ListRejectionsRequest,
  type ListRejectionsResponse,
  MemberImportServiceService,
} from '@regulars/contracts/members/v1/imports';
import { principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { idempotencyKey } from '../fields.js';
import { malformed, pageIn, wellFormed } from '../requests.js';
import { type ImportRow, ImportsService } from './imports.service.js';

const mostPartBytes = 1024 * 1024;
const mostParts = 4_096;
const version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/, 'a version such as 2026-05');

const beginRequest = z.object({
  idempotencyKey,
  format: z.enum(ImportFormat).exclude(['UNSPECIFIED', 'UNRECOGNIZED'], 'csv or ndjson'),
  dryRun: z.boolean(),
  source: z.string().regex(/^(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*$/, 'a lower-case word with dashes, such as old-crm'),
  benefitsVersion: version,
  privacyVersion: version,
  acceptedAt: z.date('the time of acceptance is needed'),
  language: z.enum(['zh-CN', 'en'], 'zh-CN or en'),
});

const findRequest = z.object({
  source: z.string().min(1).max(40),
  externalIds: z.array(z.string().min(1).max(128)).max(500, 'at most 500'),
});

const formats = { csv: ImportFormat.CSV, ndjson: ImportFormat.NDJSON } as const;
const states = {
  receiving: ImportState.RECEIVING,
  reading: ImportState.READING,
  done: ImportState.DONE,
  failed: ImportState.FAILED,
} as const;

/** gRPC ⇄ imports. */
@Controller()
@RpcController(MemberImportServiceService)
export class ImportsController implements RpcHandlers<typeof MemberImportServiceService> {
  constructor(@Inject(ImportsService) private readonly imports: ImportsService) {}

  async beginImport(request: BeginImportRequest, metadata: Metadata): Promise<BeginImportResponse> {
    actsForAll(metadata);
    const { idempotencyKey: key, format, acceptedAt, ...terms } = wellFormed(beginRequest, request);
    const begun = await this.imports.begin(principalOf(metadata), {
      idempotencyKey: key,
      format: format === ImportFormat.CSV ? 'csv' : 'ndjson',
      terms: { ...terms, acceptedAt: acceptedAt.toISOString() },
    });
    if (begun.outcome === 'refused') throw refusal('ALREADY_EXISTS', begun.reason);
    return { import: importOf(await this.imports.find(begun.importId)), replayed: begun.replayed };
  }

  async addImportPart(request: AddImportPartRequest, metadata: Metadata): Promise<AddImportPartResponse> {
    actsForAll(metadata);
    const { importId, part, content } = request;
    if (part < 0 || part >= mostParts) throw malformed('/part', `0 to ${mostParts - 1}`);
    if (content.length > mostPartBytes) throw malformed('/content', 'at most 1 MiB');
    const kept = await this.imports.keep(known(importId), part, content);
    if (kept.outcome === 'kept') return {};
    if (kept.reason === 'IMPORT_UNKNOWN') throw refusal('NOT_FOUND', kept.reason);
    throw refusal('FAILED_PRECONDITION', kept.reason);
  }

  async completeImport(
    { importId, parts }: CompleteImportRequest,
    metadata: Metadata,
  ): Promise<CompleteImportResponse> {
    actsForAll(metadata);
    const completed = await this.imports.complete(known(importId), parts);
    if (completed.outcome === 'completed') return { import: importOf(completed.found) };
    if (completed.reason === 'IMPORT_UNKNOWN') throw refusal('NOT_FOUND', completed.reason);
    throw refusal('FAILED_PRECONDITION', completed.reason);
  }

  async getImport({ importId }: GetImportRequest, metadata: Metadata): Promise<GetImportResponse> {
    actsForAll(metadata);
    return { import: importOf(await this.imports.find(known(importId))) };
  }

  async listRejections(request: ListRejectionsRequest, metadata: Metadata): Promise<ListRejectionsResponse> {
    actsForAll(metadata);
    const page = pageIn(request.page, Number.isSafeInteger);
    const found = await this.imports.rejections(known(request.importId), page);
    if (!found) throw refusal('NOT_FOUND', 'IMPORT_UNKNOWN');
    const rejections = found.rejections.map(({ line, pointer, reason, message }) => ({
      line,
      pointer,
      reason,
      message,
    }));
    return { rejections, nextCursor: found.nextCursor };
  }

  async findImported(request: FindImportedRequest, metadata: Metadata): Promise<FindImportedResponse> {
    if (principalOf(metadata).kind !== 'service') throw refusal('PERMISSION_DENIED', 'SERVICES_ONLY');
    const { source, externalIds } = wellFormed(findRequest, request);
    return { memberIds: await this.imports.findImported(source, externalIds) };
  }
}

/** A file has members of any store. */
function actsForAll(metadata: Metadata): void {
  if (principalOf(metadata).stores !== '*') throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
}

function known(importId: string): string {
  if (!isUuid(importId)) throw refusal('NOT_FOUND', 'IMPORT_UNKNOWN');
  return importId;
}

function importOf(found: ImportRow | undefined): Import {
  if (!found) throw refusal('NOT_FOUND', 'IMPORT_UNKNOWN');
  const { importId, format, terms, state, reason, encoding, rows, registered, repeated, rejected } = found;
  return {
    importId,
    format: formats[format],
    dryRun: terms.dryRun,
    source: terms.source,
    state: states[state],
    reason,
    encoding,
    rows,
    registered,
    repeated,
    rejected,
    begunAt: found.begunAt,
    doneAt: found.doneAt ?? undefined,
  };
}
