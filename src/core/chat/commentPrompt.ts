/** The tokens of a question to a model that only continues code: a sketch of code, cut to what fits. */

import { arrange, type FimOrder } from '../fim';
import type { Tokenizer } from '../model';
import { Packing } from '../packing';
import type { ChatTurn } from './chat';
import type { ChatBudget, ChatPrompt } from './chatPrompt';
import { sketchOf, withFencedCode } from './commentQuestion';
import type { Piece, Sketch } from './sketch';

/** The question and what was written of the answer take at most this share of the room; their end is kept. */
const LEAD_SHARE = 2;
/** Code around the subject takes at most this share of what is left, on each side. */
const AROUND_SHARE = 4;
/**
 * Small models go round in circles. Of fifteen questions to the 6 M proposal about its sample workspace, ten ended that way
 * with 1.05 and with 1.15, eight with 1.3.
 */
const REPETITION_PENALTY = 1.3;
const NO_OTHERS: ReadonlySet<number> = new Set();
/** Beginning of text, the three of a middle, and one before a file. */
const N_SPECIAL = 5;

export function commentPrompt(
  turns: readonly ChatTurn[],
  written: string,
  tokenizer: Tokenizer,
  order: FimOrder,
  { promptTokens, answerTokens }: ChatBudget,
): ChatPrompt {
  const asked = turns[turns.length - 1];
  const last = withFencedCode(asked);
  const earlier = turns.slice(0, -1).filter(({ role }) => role !== 'system');
  const sketch = arrangeFor(order, sketchOf(last, earlier));
  const header = tokenizer.encode(`${sketch.path}\n`);
  const packing = new Packing(
    tokenizer,
    Math.max(1, promptTokens - header.length - N_SPECIAL),
    last.context?.length ?? 0,
  );
  const lead = keepEnd(sketch.lead + written, tokenizer, Math.ceil(packing.room / LEAD_SHARE));
  packing.room -= packing.count(lead);
  const { before, after, neighbours, nTurns } = pack(sketch, packing, tokenizer);

  const prefix = before + lead;
  const healAt = tokenizer.lastPreTokenStart(prefix);
  const suffix = tokenizer.encode(after);
  // Pieces that are joined may come to a token more than they were counted apart.
  const room = Math.max(1, promptTokens - header.length - N_SPECIAL - neighbours.length - suffix.length);
  const shown = tokenizer.encode(prefix.slice(0, healAt)).slice(-room);
  const tokens = arrange(suffix.length > 0 ? order : 'none', tokenizer.special, neighbours, header, shown, suffix);
  return {
    tokens,
    owed: new TextEncoder().encode(prefix.slice(healAt)),
    endToken: tokenizer.special.endoftext,
    stopTokens: NO_OTHERS,
    shape: sketch.shape,
    end: sketch.end,
    temperature: sketch.temperature,
    repetitionPenalty: REPETITION_PENALTY,
    account: {
      budgetTokens: promptTokens,
      promptTokens: tokens.length,
      answerTokens,
      context: packing.uses.slice(0, asked.context?.length ?? 0),
      nTurnsLeftOut: earlier.length - nTurns,
    },
  };
}

/** Where there are no middles to fill, what would stand behind the answer is shown as a file before it. */
function arrangeFor(order: FimOrder, sketch: Sketch): Sketch {
  if (order !== 'none') return sketch;
  const behind = sketch.after.filter(({ item }) => item !== undefined).map(piece => ({ ...piece, path: sketch.path }));
  return { ...sketch, after: [], neighbours: [...behind, ...sketch.neighbours] };
}

interface Packed {
  readonly before: string;
  readonly after: string;
  readonly neighbours: readonly number[];
  /** Earlier turns that are shown. */
  readonly nTurns: number;
}

/** The subject first, then problems, then the code around it nearest first, then other files. */
function pack(sketch: Sketch, packing: Packing, tokenizer: Tokenizer): Packed {
  const before = sketch.before.map(() => '');
  const after = sketch.after.map(() => '');
  const neighbours = sketch.neighbours.map((): readonly number[] => []);
  const places = [
    {
      pieces: sketch.before,
      place: (i: number, room: Room) => {
        before[i] = packing.take(sketch.before[i].text, sketch.before[i].item === undefined ? 'tail' : 'head', room);
      },
    },
    {
      pieces: sketch.after,
      place: (i: number, room: Room) => {
        after[i] = packing.take(sketch.after[i].text, 'head', room);
      },
    },
    {
      pieces: sketch.neighbours,
      place: (i: number, room: Room) => {
        neighbours[i] = takeFile(sketch.neighbours[i], packing, tokenizer, room);
      },
    },
  ];
  const placeAll = (isWanted: (piece: Piece) => boolean, share = 1) => {
    const most = Math.floor(packing.room / share);
    for (const { pieces, place } of places) {
      let left = most;
      // Of what stands before the answer the nearest is the last.
      const order = pieces === sketch.before ? [...pieces.keys()].reverse() : [...pieces.keys()];
      for (const i of order) {
        if (!isWanted(pieces[i])) continue;
        const roomBefore = packing.room;
        const { item } = pieces[i];
        place(i, { most: left, ...(item !== undefined && { item }) });
        left -= roomBefore - packing.room;
      }
    }
  };
  const isSubject = ({ item }: Piece) => item !== undefined && item === sketch.subject;
  const isNamed = (piece: Piece) => piece.item !== undefined && !isSubject(piece);
  placeAll(isSubject);
  placeAll(piece => isNamed(piece) && sketch.before.includes(piece));
  placeAll(({ item }) => item === undefined, AROUND_SHARE);
  placeAll(piece => isNamed(piece) && !sketch.before.includes(piece));
  return {
    before: before.join(''),
    after: after.join(''),
    // The most useful, which comes first, stands closest to the answer.
    neighbours: neighbours.reverse().flat(),
    nTurns: sketch.before.filter(({ isTurn }, i) => isTurn && before[i] !== '').length,
  };
}

interface Room {
  readonly most: number;
  readonly item?: number;
}

function takeFile(
  { path, text }: { readonly path: string; readonly text: string },
  packing: Packing,
  tokenizer: Tokenizer,
  room: Room,
): readonly number[] {
  const { fileSep } = tokenizer.special;
  const head = [...(fileSep === undefined ? [] : [fileSep]), ...tokenizer.encode(`${path}\n`)];
  const shown = packing.take(text, 'head', { ...room, most: Math.min(room.most, packing.room) - head.length });
  if (shown === '') return [];
  packing.room -= head.length;
  return [...head, ...tokenizer.encode(shown)];
}

function keepEnd(text: string, tokenizer: Tokenizer, nTokens: number): string {
  const tokens = tokenizer.encode(text);
  return tokens.length <= nTokens ? text : tokenizer.decode(tokens.slice(-nTokens));
}
