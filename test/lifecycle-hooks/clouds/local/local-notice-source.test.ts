import { noticeSourceContract } from '../notice-source-contract.ts';
import { localNotices } from './local-notices.ts';

noticeSourceContract('the local cloud', localNotices);
