import { writeFileSync } from 'node:fs';
import { renderProtocolDocument } from './document.ts';

writeFileSync(new URL('./PROTOCOL.md', import.meta.url), renderProtocolDocument());
