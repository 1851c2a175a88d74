import { tasksIn } from '../state/store';
import type { Status } from '../types';
import { TaskCard } from './TaskCard';

interface ColumnProps {
  title: string;
  status: Status;
  onSelect: (id: string) => void;
}

export function Column({ title, status, onSelect }: ColumnProps) {
  const tasks = tasksIn(status);

  return (
    <section className="column">
      <h2>
        {title} <small>{tasks.length}</small>
      </h2>
      {tasks.length === 0 ? <p>No tasks here.</p> : tasks.map(task => <TaskCard key={task.id} task={task} onSelect={onSelect} />)}
    </section>
  );
}
