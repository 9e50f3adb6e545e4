import { readFileSync } from 'node:fs';
import { renderProtocolDocument } from '@holdfast/media-server/protocol/document.ts';
import { expect, it } from 'vitest';

it('PROTOCOL.md says what the schemas say (npm run protocol:document)', () => {
  const written = readFileSync(
    new URL('../../../media-server/protocol/PROTOCOL.md', import.meta.url),
    'utf8',
  );
  expect(written).toBe(renderProtocolDocument());
});
