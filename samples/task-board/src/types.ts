export type Status = 'todo' | 'doing' | 'done';

export interface Task {
  id: string;
  title: string;
  status: Status;
  assignee?: string;
  labels: string[];
  dueDate?: Date;
}

export interface Board {
  name: string;
  tasks: Task[];
}

export const statuses: Status[] = ['todo', 'doing', 'done'];
