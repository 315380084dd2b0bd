export type { KeptLetter, LetterFilter, LetterStore, NewLetter } from '../core/letter-store-port.ts';
export type * from '../core/source-port.ts';
export { type FrameCount, type JournalInfo, readJournalInfo } from './info.ts';
export type { Journal } from './journal.ts';
export { type Compaction, compactJournal, type JournalOptions, openJournal, readFrames } from './open-journal.ts';
