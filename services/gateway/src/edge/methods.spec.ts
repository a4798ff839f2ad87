import { describe, expect, it } from '@jest/globals';
import { Methods } from './methods.js';

const methods = new Methods();
for (const [method, path] of [
  ['GET', '/v1/stores'],
  ['POST', '/v1/stores'],
  ['GET', '/v1/stores/:storeId'],
  ['POST', '/v1/purchases::batch'],
  ['POST', '/v1/programmes/:programmeId/versions/:version(^\\d+)::publish'],
] as const) {
  methods.add({ method, path });
}

describe('The methods of a path', () => {
  it('[O4] are those of all routes that it may be', () => {
    expect(methods.of('/v1/stores')).toEqual(['GET', 'POST']);
    expect(methods.of('/v1/stores/42')).toEqual(['GET']);
    expect(methods.of('/v1/purchases:batch')).toEqual(['POST']);
    expect(methods.of('/v1/programmes/7/versions/1:publish')).toEqual(['POST']);
  });

  it('[O4] are none where there is no route', () => {
    for (const path of ['/v1/secrets', '/v1/stores/42/x', '/v1/programmes/7/versions/1:draft', '/v1/stor.s']) {
      expect(methods.of(path)).toEqual([]);
    }
  });
});
