import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { openDetails } from '../../src/keys/open-details.ts';
import { openCallback, openParcel } from '../../src/keys/open-parcel.ts';

// Sealed once and never again. If one of these stops opening, so does what patients have been sent.
const stored = {
  parcel:
    '44-kjgxBiNlHi9CJbSogZjoz547EcT6-KTa7paufWD7Bmx3RyCU9_iIfBCMuxR1TxjOdWw1RuPMVCYqmESiO2Mlt' +
    '0BATcHfnEl3wx3ikvohKCyTVPghdACXLsqPkZm3PDFwrxlZtTtSUrXw_0yT3Mq9RqezIRS_QBgMIF-CsaiEhLW44' +
    'rWXmFVX9mb8e2uSF4YZu7b-wh6_lCVPJoOSk7qNBNVPraVtAzBmi-ozP4_gm3QuB2q_sU83fJ_vDzPoEiS4QttTm' +
    '70q2g90U5LYDUCWZ3AZkICZtwbxdrYGMarLen3qtXr_v_1Sfa0NgsXmnJrRexVCdHHgXxPL88zYaLrYYNYOFX2PS' +
    'mE2HRPLixo7tEw-05cO5-QTMCuECZpMWgDLMTgldYYkvG6se-1Wgb7It3oSTnX92IbHGu_0Nn1EEfOS92489M1Xb' +
    'O6zGVIHOc-wkbJn2YkXquiryFMq9Y5pdC_kqfQgvRmFdFm5BZ7W7YYCCVDzMJTlMnNEcAfWJ1E1H8Qxv9Lx0dQG0' +
    'wCtc4qELo0vhEZnNGRQEXpbSU2fz0qXW8B25EqeqjTopS1665KmFW5jY9m4Ic_cHS4z-TfeMEYA8pDpCs9IFhTCQ' +
    '7pvl7vu5hDA4RvU4uKlopsScZq0UThi-',
  note:
    'rWd7w1b5i7X-PsVoQxyYyk0zirbu9hbWIMBue_a9M1fywOu8jJEO9zTsliSCEnBofMASvcWZq5av2BdT1uXw2P3v' +
    'QqG-9MO-CglQBzJ2ItEj1F5FmxgPfzj9lW343tgX8Qlgc2coSisjTcUr27qy6tM90FBBP2iQc2VRZPGvDD6ET5q2' +
    'jtTu3fEQzFMSqkNSzoXBfguCByD2SRBKvXUQg_rZvZwaGsYYMVDjpF1MWKQDECwcK6fdmJzRftLeE6cz7Swcwncr' +
    'hXJ2dUM8QngjUiMyYGAOyLd9IY2hjNGwUco-00W1Tci1QtFbog9MRR6zO4oL-ht_-k0iChSGPnfULQQHNt5LSFZA' +
    'IGuIFSsEMdSYhbxp84l7zmETH7wT0uPuLoojqVc6WRfTNBvZK0yPkW6H5OZTTG8AZywCo2oSMgFNk_FB3gqF-1Yb' +
    'Myean-V7Z8-EPoPiE9u6Qs3oX4uqRIbXngItxIbJ_htmusFoFxpHFP5iNdTSyDTnujhlRuh-3ReXK2aJWyVcFdnq' +
    'Mu4z2TsaP1o2AKhlzpeQ9NY16nYhIxfPY6NkVCjt3Lr3GKjoBACjP_f3ShyqrOhAb-4TmkI1seipw5gsltszXT2f' +
    'FxE7gs5PviBf1vgsnpy1FKkGE0ruRaU3',
  sealedContentKey:
    'j2l7iOoc89dDQbQvM_P0QcDulokr4YDUSlM0yzQRD0wJfYXrs2d6LWt9yQ14PsoFiKjA8xDwbywsmczUBUCxL4kj' +
    'TVfnRb3Ddq5sxTcR9z2ub3SgAcRLjE2BfgxZwhcg_eD0rVq9aHY2FjIF-iP2uJlnvgJ3G8K005N8L13iA3oCAr18' +
    'S6s6RBrVdJjev7VQtc5kaJBb1L1lIEVAtUfdTVpPaPpUyyKw0V_MeX07u6Lm0CiYSZMjD-AGQnOrjsfnV__0J_hB' +
    'gTyLzDiqyP7XPbRyT8QWeaz05Dh0ZSVh7mrhERi7prK2BNav9N0rRkoo9PzDNvvg',
  sealedContent:
    '3uWcAvyT0pPBK7-KpKEpl8Ubgm5Q5izuK9D33R0r644BcXhebmCDlMA-wN5K6tnUV8ERZT7grLILHY7KXZt5IzBD' +
    'hmmh5l5vRp_TRI31a2LF9jiafexI0riY93tN6gzKLyA-5-Ow0jLb5Ut6ELWSX67DIdoxWnsKSdpj6XfmgIhgHg9p' +
    'f63ABmij404El0olluOjXSSDTiCn3NfciEpXxuKRMFWE6N-5Tq0R_20blgaXlSIFPlowf1AHIHAh_89Zt7Lxy0p1' +
    'TDRcxuZqyvGkcAXfCZ0_iYEQEzBfntah7NYFXv6h2vYhGDfO41PbOxI8m1eacKPbHmO0KN5ZLcu5ec7a32BoZV1t' +
    'lvEC8FLKKsoKtXAMAKy9RCiTJfukbG5_X4kSQ34grpqx27EQzyrV5sMr3FBBfFkB4CmxVM6jvSknipC_PxP4bEx6' +
    'MORWkbUy8frxsJAm74V3jW_nee3Ew3ccR3N3fdbXPuqu83-qqqADbs6WxTx3zjyq_0fQ82Z4ij_kTDc7pILK4Dwo' +
    'OovLasLHhg-3ECJklu2c4Nqz9-Fb9MRNW_wwBhNGOjIcBVAdUMpvpx9M3eWFMsSnPul7b5FnBs8qXP_MwEM1Pk5C' +
    'jT7dLK9m4_aesod8540t11Onl_z5LWV6Ie5FOodaLxfOdyhCSnDcb4_Qw8Dxe59nWOECVIazBHIODk47GWBtNjgo' +
    'B5tKjMGbqT4JWkWdslMbY7wu9wHRo7dA8o6-xjWihysJE293fY1T1UosQBQKMzQQDQHtuyvaqBeOsINWhWNmFttR' +
    'AWY66O0M8wGL9xV7',
  callback:
    'YYVf0DZhtnRBPbGak2q7iSBGmDJzx8nX_EpMN8cEVirG7rSwRAAIjozodD_6My464wU5ExZBQQARM0OS0ytAWeUV' +
    'U7UQsgrH2LOvJTT_lUpLy5bEHkS0CRWvO4tjkk-joGUKHeLEjBb0PhMQrQhEH2HDXB2lNRMVU_0NfBGkyzNioVUs' +
    'xCsFbaFfniYMyNs5k4HpeBtFdGkaIKZBN5_mrRnHlhwrbNyGAhqVpEajDyc8SMdqyWwwWVoQE7t7eRMOer52koBG' +
    'MAAhVVE6DGUC7XVlrDwet91P8SAKxt91oql0KcyCu4RC41p1QzMSiuN7Pfw8mS1E3SHO274s8h3nXSVE5HjAXXSi' +
    'j2K5B-lure4ZB7dogLDWoojSynxso2r50ArGoigOPyD5fsyM5c01YWWhxHC2qiF7l6VcGuZL4F4MD5G2LWTvGCUx' +
    'D1zRhmE03K32Rx0hgXneVZwjazqywzy_tKKSopWjHbaEB56R-0gi0WWiqlZJTZVkW06WllX5UOVJ6P-L5hIlGSOt' +
    '8CwxKxeWwa3c5u0zD4ItLvbU_8sm0AMeqNAI3n8FM-HmAAb2C5_r89YmLQSJ-e0rkmst8OGD6xIoAoQPy0kupZaY' +
    'PF1jK-MamUu430Ov4y_dZKaxoKeThHydAK0qFgn1HEaWdnksKufSStxlSKlTlg18B30Qa83aoh0SUQHN41aumHlC' +
    'f6KGNOtN9Dk53tHNcRKLAxUq1Cf6cAWFTGmuPKM_F_EZN-MsnDlpIeei0wk0ghBEWXrc8qis5EqHDv2mb1oE23MC' +
    'JYX39tH02q5kbJHiBhx_yNwt3CQ',
};
const bytes = (name: keyof typeof stored) => Buffer.from(stored[name], 'base64url');

const linkSecret = new Secret(Buffer.from(Array.from({ length: 18 }, (_, index) => index)));
const epochPrivateKey = new Secret(Buffer.alloc(32, 1));
const viewPrivateKey = new Secret(Buffer.alloc(32, 2));
const appointment = {
  organisationId: '0192f5a0-0000-7000-8000-000000000001',
  appointmentId: '0192f5a0-0000-7000-8000-000000000002',
};
const reminder = { ...appointment, reminderId: '0192f5a0-0000-7000-8000-000000000003' };

describe('what was sealed by the first release', () => {
  it('opens for the worker', () => {
    const parcel = openParcel({ epochPrivateKey, binding: reminder, sealed: bytes('parcel') });
    expect(parcel.linkSecret.reveal()).toEqual(linkSecret.reveal());
    expect(parcel.contactPoint.reveal()).toBe('+33612345678');
    expect([parcel.channel, parcel.language]).toEqual(['sms', 'fr']);
    const callback = openCallback({ epochPrivateKey, sealed: bytes('callback') });
    expect(callback.reveal().toString()).toBe('MessageSid=SM1');
  });

  it('opens for the patient', () => {
    const details = openDetails({
      linkSecret,
      viewPrivateKey,
      binding: { ...appointment, version: 7 },
      linkId: '0192f5a0-0000-7000-8000-000000000004',
      sealedContentKey: bytes('sealedContentKey'),
      sealedContent: bytes('sealedContent'),
      note: bytes('note'),
      noteBinding: reminder,
    });
    expect(details.body.reveal()).toEqual({
      start: '2026-12-03T10:30:00+01:00',
      details: { practitioner: 'Dr É' },
    });
    expect(details.note.channel).toBe('sms');
    expect(details.note.contactPoint.reveal()).toBe('+33612345678');
  });
});
