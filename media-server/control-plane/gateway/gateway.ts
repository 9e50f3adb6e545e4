import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { ControlPlaneConfig } from '../../config/index.ts';
import type { Logger } from '../../process/logger.ts';
import {
  closeCode,
  type gatewayContract,
  HoldfastError,
  type LegSnapshot,
  type ParamsOf,
  PROTOCOL_VERSION,
  toHoldfastError,
} from '../../protocol/index.ts';
import type { Claims } from '../claims.ts';
import type { Directory } from '../directory.ts';
import type { Homes } from '../homes.ts';
import type { ControlPlaneMetrics } from '../metrics.ts';
import type { Registry } from '../registry.ts';
import type { EndedSession } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import type { Tokens } from '../tokens.ts';
import { ClientConnection, type ClientHost, type Entered } from './client-connection.ts';
import { Handovers } from './handovers.ts';
import type { GatewayLeg } from './leg.ts';
import { Legs } from './legs.ts';
import { nodeHandlers } from './node-handlers.ts';
import { NodeLinks, type NodeSocket } from './node-links.ts';
import { Recovery } from './recovery.ts';
import { type Client, Session } from './session.ts';
import type { EndReason } from './session-state.ts';
import { Sessions } from './sessions.ts';
