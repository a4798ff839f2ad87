import { Inject, Injectable } from '@nestjs/common';
import { type Principal, PrincipalSigner } from '@regulars/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, problem } from '../edge/problems.js';
import type { Caller } from './call.guard.js';
import { Chain, type Till } from './chain.service.js';
import { MemberTokens } from './member-tokens.client.js';
import { mayUse, type Permission } from './permissions.js';
import { judgeSignature } from './signature.js';
import { Tokens } from './tokens.client.js';

/** A signed principal is good for at least a minute when the signer gives it; so long it is kept. */
const KEEP_SIGNED_MS = 30_000;

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: Permission;
  }
}

/**
 * Finds out who calls, before the body is read, and whether the permission table lets them (requirement O4). It runs as
 * a hook of the server and not as a guard of Nest, because a till whose principal is signed already needs no promise.
 */
@Injectable()
export class AccessGuard {
  constructor(
    @Inject(Chain) private readonly chain: Chain,
    @Inject(Tokens) private readonly tokens: Tokens,
    @Inject(MemberTokens) private readonly memberTokens: MemberTokens,
    @Inject(PrincipalSigner) private readonly signer: PrincipalSigner,
  ) {}

  /** Calls `pass` with nothing when the request may go on, with the problem when it may not. */
  admit(request: FastifyRequest, pass: (refused?: Problem | Error) => void): void {
    const permission = request.routeOptions.config.permission;
    if (request.is404 || permission?.public) {
      pass();
      return;
    }
    const bearer = bearerOf(request.headers.authorization);
    if (!permission) {
      pass(problem('NOT_AUTHENTICATED'));
      return;
    }
    const isTills = bearer === undefined || bearer.startsWith('rtk_');
    const found = isTills ? this.tillThatSent(request, bearer) : undefined;
    if (!found) return void this.admitPerson(bearer ?? '', permission, request, pass);
    if ('code' in found) pass(found);
    else this.admitTill(found, permission, request, pass);
  }

  /** The till that a key or a signature is of, or why it is none. A signature counts before a key. */
  private tillThatSent(request: FastifyRequest, bearer: string | undefined): Till | Problem {
    const nowMs = Date.now();
    if (request.headers['signature-input'] !== undefined) {
      const judged = judgeSignature(signedRequestOf(request), nowMs, (keyId) => this.chain.signerOf(keyId));
      if (judged.outcome === 'refused') return judged.problem;
      if (judged.outcome === 'signed') {
        judged.signer.key.usedMs = nowMs;
        request.signedDigests = judged.digests;
        return judged.signer.till;
      }
      if (bearer === undefined) return problem('KEY_NOT_KNOWN');
    }
    if (bearer === undefined) return problem('NOT_AUTHENTICATED');
    const till = this.chain.tillOf(bearer, nowMs);
    if (!till) return problem('KEY_NOT_KNOWN');
    return till.mustSign ? problem('SIGNATURE_NEEDED') : till;
  }

  private admitTill(
    till: Till,
    permission: Permission,
    request: FastifyRequest,
    pass: (refused?: Problem | Error) => void,
  ): void {
    if (!mayUse(permission, till.principal)) {
      pass(problem('NOT_ALLOWED'));
      return;
    }
    if (till.signed && till.signed.untilMs > Date.now()) {
      request.caller = { principal: till.principal, signed: till.signed.token, till };
      pass();
      return;
    }
    void this.signTill(till, request, pass);
  }

  private async signTill(till: Till, request: FastifyRequest, pass: (refused?: Error) => void): Promise<void> {
    try {
      const caller = await this.sign(till.principal, till);
      till.signed = { token: caller.signed, untilMs: Date.now() + KEEP_SIGNED_MS };
      request.caller = caller;
    } catch (error) {
      pass(error as Error);
      return;
    }
    pass();
  }

  private async admitPerson(
    token: string,
    permission: Permission,
    request: FastifyRequest,
    pass: (refused?: Problem | Error) => void,
  ): Promise<void> {
    let refused: Problem | Error | undefined;
    try {
      const isMembers = this.memberTokens.isOne(token);
      const principal = isMembers
        ? await this.memberTokens.verify(token)
        : this.scoped(await this.tokens.verify(token));
      if (!principal) refused = problem('NOT_AUTHENTICATED');
      else if (!mayUse(permission, principal)) refused = problem('NOT_ALLOWED');
      else request.caller = await this.sign(principal, undefined);
    } catch (error) {
      request.server.log.warn(error, 'the keys of the token issuer are out of reach');
      refused = problem('DEPENDENCY_UNAVAILABLE');
    }
    pass(refused);
  }

  /** Directories of people may name stores by their codes; everything behind the gateway knows them by id. */
  private scoped<Some extends Principal | undefined>(principal: Some): Some {
    if (!principal || principal.stores === '*') return principal;
    return { ...principal, stores: principal.stores.map((each) => this.chain.storeNamed(each) ?? each) };
  }

  private async sign(principal: Principal, till: Till | undefined): Promise<Caller> {
    return { principal, signed: await this.signer.sign(principal), till };
  }
}

/** Of a body that comes without a length, nobody knows yet whether it is empty: it is taken for one that is not. */
function signedRequestOf({ method, raw, headers, protocol, host }: FastifyRequest) {
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  return { method, url: `${protocol}://${host || 'localhost'}${raw.url ?? '/'}`, headers, hasBody };
}

function bearerOf(header: string | undefined): string | undefined {
  return header?.startsWith('Bearer ') ? header.slice(7) : undefined;
}

/** Tells a browser or client how to sign in. */
export function askForBearer(reply: FastifyReply): void {
  void reply.header('www-authenticate', 'Bearer realm="regulars"');
}
