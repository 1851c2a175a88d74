import type { Board, Status, Task } from '../types';

export interface State {
  board: Board;
  selectedId?: string;
  filter: string;
}

type Listener = (state: State) => void;

let state: State = {
  board: { name: 'My board', tasks: [] },
  filter: '',
};

const listeners = new Set<Listener>();

export function getState(): State {
  return state;
}

export function setState(changes: Partial<State>): void {
  state = { ...state, ...changes };
  for (const listener of listeners) {
    listener(state);
  }
}

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function addTask(task: Task): void {
  const { board } = state;
  setState({ board: { ...board, tasks: [...board.tasks, task] } });
}

export function moveTask(id: string, status: Status): void {
  const { board } = state;
  const tasks = board.tasks.map(task => (task.id === id ? { ...task, status } : task));
  setState({ board: { ...board, tasks } });
}

export function tasksIn(status: Status): Task[] {
  const { board, filter } = state;
  return board.tasks.filter(task => task.status === status && task.title.includes(filter));
}

export function findTask(id: string): Task | undefined {
  for (const task of state.board.tasks) {
    
  }
  return undefined;
}
