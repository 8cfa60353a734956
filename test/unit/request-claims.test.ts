import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRequestClaims, type SignedRequest } from '../../src/domain/request-claims.ts';

const request: SignedRequest = {
  audience: 'https://api.test',
  method: 'PUT',
  path: '/v1/appointments/visit-1',
  organisation: undefined,
  nowS: 1_800_000_000,
};
const good = {
  iss: '00000000-0000-4000-8000-000000000001',
  aud: request.audience,
  iat: request.nowS,
  exp: request.nowS + 60,
  jti: '0123456789abcdef',
  method: 'PUT',
  path: request.path,
};
const faults = (claims: object, carried: Partial<SignedRequest> = {}) => {
  const checked = checkRequestClaims({ ...good, ...claims }, { ...request, ...carried });
  return checked.ok ? [] : checked.errors.map(({ pointer, code }) => `${pointer} ${code}`);
};

describe('what was signed', () => {
  it('is taken as it is', () => {
    expect(checkRequestClaims(good, request)).toEqual({
      ok: true,
      claims: { issuer: good.iss, tokenId: good.jti, expiresAtS: good.exp, bodyDigest: undefined },
    });
  });

  it.each([
    [{ aud: 'https://elsewhere.test' }, ['/aud invalid_value']],
    [{ aud: [request.audience] }, ['/aud invalid_value']],
    [{ aud: undefined }, ['/aud required']],
    [{ iss: 'visit' }, ['/iss invalid_value']],
    [{ jti: 'short' }, ['/jti invalid_value']],
    [{ jti: 'x'.repeat(129) }, ['/jti invalid_value']],
    [{ jti: 1 }, ['/jti invalid_value']],
    [{ method: 'put' }, ['/method invalid_value']],
    [{ path: '/v1/appointments/visit-2' }, ['/path invalid_value']],
    [{ path: `${request.path}?erase=true` }, ['/path invalid_value']],
    [{ organisation: good.iss }, ['/organisation invalid_value']],
    [{ body: 'x' }, ['/body invalid_value']],
    [{ exp: undefined }, ['/exp required']],
    [{ iat: undefined }, ['/iat required', '/exp invalid_value']],
    [{ exp: '1800000060' }, ['/exp invalid_value']],
    [{ exp: Number.POSITIVE_INFINITY }, ['/exp invalid_value']],
    [
      { method: undefined, path: undefined, jti: undefined },
      ['/jti required', '/method required', '/path required'],
    ],
  ])('%j is told by its claim', (claims, expected) => {
    expect(faults(claims)).toEqual(expected);
  });

  it('is for the organisation that the request names', () => {
    expect(faults({}, { organisation: good.iss })).toEqual(['/organisation required']);
    expect(faults({ organisation: good.iss }, { organisation: good.iss })).toEqual([]);
  });

  it('is good for its time, and for no longer than five minutes, by clocks half a minute apart', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -400, max: 400 }),
        fc.integer({ min: -100, max: 700 }),
        (issued, lives) => {
          const iat = request.nowS + issued;
          const exp = iat + lives;
          const isGood = lives > 0 && lives <= 300 && issued <= 30 && exp > request.nowS - 30;
          expect(faults({ iat, exp }).length === 0).toBe(isGood);
        },
      ),
    );
  });
});
