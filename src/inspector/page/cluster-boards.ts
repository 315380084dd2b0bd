import type { ClusterView } from '../../core/cluster-view.ts';
import { ClusterBoard } from './cluster-board.ts';
import { find } from './dom.ts';

/** A board for each source that is shared. */
export class ClusterBoards {
  readonly #boards = new Map<string, ClusterBoard>();
  readonly #select: ((partition: string) => void) | undefined;

  constructor(select?: (partition: string) => void) {
    this.#select = select;
  }

  update(clusters: Readonly<Record<string, ClusterView>>, at: number): void {
    for (const [name, view] of Object.entries(clusters)) {
      const board = this.#boards.get(name) ?? new ClusterBoard(name, this.#select);
      if (!this.#boards.has(name)) find('clusters').append(board.element);
      this.#boards.set(name, board);
      board.update(view, at);
    }
  }
}
