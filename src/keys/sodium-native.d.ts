/** The few functions of libsodium that Sotto uses; sodium-native ships no types of its own. */
declare module 'sodium-native' {
  interface Sodium {
    readonly crypto_box_PUBLICKEYBYTES: number;
    readonly crypto_box_SECRETKEYBYTES: number;
    readonly crypto_box_SEALBYTES: number;
    readonly crypto_aead_xchacha20poly1305_ietf_KEYBYTES: number;
    readonly crypto_aead_xchacha20poly1305_ietf_NPUBBYTES: number;
    readonly crypto_aead_xchacha20poly1305_ietf_ABYTES: number;

    crypto_scalarmult_base(publicKey: Buffer, privateKey: Buffer): void;
    crypto_box_seal(sealed: Buffer, plaintext: Buffer, publicKey: Buffer): void;
    crypto_box_seal_open(
      plaintext: Buffer,
      sealed: Buffer,
      publicKey: Buffer,
      privateKey: Buffer,
    ): boolean;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
      ciphertext: Buffer,
      plaintext: Buffer,
      additionalData: Buffer,
      noSecretNonce: null,
      nonce: Buffer,
      key: Buffer,
    ): number;
    crypto_aead_xchacha20poly1305_ietf_decrypt(
      plaintext: Buffer,
      noSecretNonce: null,
      ciphertext: Buffer,
      additionalData: Buffer,
      nonce: Buffer,
      key: Buffer,
    ): number;
  }
  const sodium: Sodium;
  export default sodium;
}
