import { beforeEach, describe, expect, it } from 'vitest';
import { addTask, getState, moveTask, setState, tasksIn } from '../src/state/store';
import type { Task } from '../src/types';

const task: Task = { id: '1', title: 'Write the tests', status: 'todo', labels: [] };

describe('store', () => {
  beforeEach(() => {
    setState({ board: { name: 'Test', tasks: [] }, filter: '' });
  });

  it('adds a task', () => {
    addTask(task);
    expect(getState().board.tasks).toEqual([task]);
  });

  it('moves a task to another column', () => {
    addTask(task);
    moveTask('1', 'done');
    expect(tasksIn('done')).toHaveLength(1);
    expect(tasksIn('todo')).toHaveLength(0);
  });
});
