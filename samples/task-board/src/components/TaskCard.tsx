import { useState } from 'react';
import { updateTask } from '../api/tasks';
import { moveTask } from '../state/store';
import { type Task, statuses } from '../types';

interface TaskCardProps {
  task: Task;
  onSelect: (id: string) => void;
}

export function TaskCard({ task, onSelect }: TaskCardProps) {
  const [saving, setSaving] = useState(false);
  const isOverdue = task.dueDate !== undefined && task.dueDate < new Date();

  const handleMove = async (status: Task['status']) => {
    setSaving(true);
    try {
      await updateTask(task.id, { status });
      moveTask(task.id, status);
    } finally {
      setSaving(false);
    }
  };

  return (
    <article className={isOverdue ? 'card overdue' : 'card'}>
      <h3 onClick={() => onSelect(task.id)}>{task.title}</h3>
      <ul className="labels">
        {task.labels.map(label => (
          <li key={label}>{label}</li>
        ))}
      </ul>
      <footer>
        <select disabled={saving} value={task.status} onChange={event => handleMove(event.target.value as Task['status'])}>
          {statuses.map(status => (
            <option key={status} value={status}>
              {status}
            </option>
          ))}
        </select>
      </footer>
    </article>
  );
}
