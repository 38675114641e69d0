import { type Kysely, sql } from 'kysely';
import { contextText, createActorTable } from '../actorTable.js';

/** Inventory: catalogue reference data, warehouses, stock with its append-only ledger, reservations, customer regions (5.2, 5.7). */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`create schema inventory`.execute(db);
  await createCatalogue(db);
  await createStock(db);
  await createLedger(db);

  // Reservations are actors; a reservation's id is its order's.
  await createActorTable(db, 'inventory.reservations', { expires_at: `text = (${contextText('expiresAt')})` });

  await sql`
    create table inventory.customer_regions (
      customer_id uuid primary key,
      locale text,
      country text,
      updated_at timestamptz not null
    )`.execute(db);
}

async function createCatalogue(db: Kysely<never>): Promise<void> {
  await sql`
    create table inventory.products (
      product_id uuid primary key,
      sku text not null unique,
      name text not null,
      description text not null default '',
      price_minor bigint not null check (price_minor >= 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      category text not null,
      is_active boolean not null default true,
      backorder_allowed boolean not null default false,
      weight_g integer not null default 0 check (weight_g >= 0),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
  // A product's price in its own currency is in products; here are its prices in the others that it is sold in.
  await sql`
    create table inventory.product_prices (
      product_id uuid not null references inventory.products,
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      price_minor bigint not null check (price_minor >= 0),
      primary key (product_id, currency)
    )`.execute(db);
  await sql`
    create table inventory.warehouses (
      warehouse_id uuid primary key,
      code text not null unique,
      name text not null,
      region text not null,
      country text not null check (country ~ '^[A-Z]{2}$'),
      lat double precision not null check (lat between -90 and 90),
      lon double precision not null check (lon between -180 and 180),
      capacity integer not null check (capacity >= 0),
      is_active boolean not null default true,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
}

async function createStock(db: Kysely<never>): Promise<void> {
  // Updated by every order: room for heap-only updates, and no index on what changes.
  await sql`
    create table inventory.stock_items (
      stock_item_id uuid primary key,
      product_id uuid not null references inventory.products,
      sku text not null,
      warehouse_id uuid not null references inventory.warehouses,
      on_hand integer not null default 0 check (on_hand >= 0),
      reserved integer not null default 0 check (reserved between 0 and on_hand),
      available integer not null generated always as (on_hand - reserved) stored,
      status text not null default 'ACTIVE' check (status in ('ACTIVE', 'DISCONTINUED', 'QUARANTINED')),
      unit_cost_minor bigint check (unit_cost_minor >= 0),
      reorder_point integer not null default 0,
      reorder_qty integer not null default 0 check (reorder_qty >= 0),
      max_level integer check (max_level > reorder_point + reorder_qty),
      safety_stock integer not null default 0 check (safety_stock >= 0),
      lead_time_days integer check (lead_time_days > 0),
      auto_reorder boolean not null default false,
      version integer not null default 0,
      last_counted_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (product_id, warehouse_id),
      check (reorder_point >= safety_stock)
    ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)`.execute(db);
  await sql`create index stock_items_warehouse on inventory.stock_items (warehouse_id)`.execute(db);
}

async function createLedger(db: Kysely<never>): Promise<void> {
  // Per stock item: the sum of on_hand_change is on_hand, the sum of reserved_change is reserved; stock_version is the order.
  await sql`
    create table inventory.stock_movements (
      movement_id uuid primary key,
      stock_item_id uuid not null references inventory.stock_items,
      stock_version integer not null,
      type text not null check (type in ('INBOUND', 'OUTBOUND', 'TRANSFER', 'ADJUSTMENT', 'RETURN')),
      quantity integer not null check (quantity > 0),
      on_hand_change integer not null,
      reserved_change integer not null,
      reason text not null,
      source_warehouse_id uuid references inventory.warehouses,
      destination_warehouse_id uuid references inventory.warehouses,
      reservation_id uuid,
      order_id uuid,
      performed_by text not null,
      occurred_at timestamptz not null,
      recorded_at timestamptz not null default now(),
      check (type not in ('INBOUND', 'RETURN') or on_hand_change > 0),
      check (type <> 'OUTBOUND' or on_hand_change < 0),
      check (type <> 'TRANSFER' or (source_warehouse_id is not null and destination_warehouse_id is not null))
    )`.execute(db);
  await sql`create index stock_movements_item on inventory.stock_movements (stock_item_id, stock_version desc)`.execute(
    db,
  );
  await sql`
    create function inventory.refuse_ledger_change() returns trigger language plpgsql as $$
    begin
      raise exception 'inventory.stock_movements is append-only: correct it with another movement';
    end $$`.execute(db);
  await sql`
    create trigger stock_movements_append_only before update or delete or truncate on inventory.stock_movements
    for each statement execute function inventory.refuse_ledger_change()`.execute(db);
}
