/** As many resumes as a gateway takes in without keeping anybody waiting: a TLS handshake and some legs each. */
const RESUMES_PER_S = 500;

/**
 * Over how long so many participants should spread their coming back, ms. Their media flows meanwhile, so there is no
 * hurry; all at once they would time out and come in waves.
 */
export const spreadMsFor = (participants: number): number => Math.ceil((participants * 1000) / RESUMES_PER_S);
