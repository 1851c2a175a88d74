import type { Task } from '../types';

const baseUrl = '/api/tasks';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(`${baseUrl}${path}`, {
    headers: { 'Content-Type': 'application/json' },
    ...init,
  });
  if (!response.ok) {
    throw new ApiError(response.status, `Request failed: ${response.statusText}`);
  }
  return response.json();
}

export async function fetchTasks(): Promise<Task[]> {
  return request<Task[]>('/');
}

export async function fetchTask(id: string): Promise<Task> {
  return request<Task>(`/${id}`);
}

export async function createTask(task: Omit<Task, 'id'>): Promise<Task> {
  return request<Task>('/', { method: 'POST', body: JSON.stringify(task) });
}

export async function updateTask(id: string, changes: Partial<Task>): Promise<Task> {
  return request<Task>(`/${id}`, { method: 'PATCH', body: JSON.stringify(changes) });
}
