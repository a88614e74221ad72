#include "charge.h"

#include "num.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct due_key {
    struct user_name user;
    uint8_t pad[7]; /* named, so that the whole key is set */
    int64_t hour;
};

void charge_book_init(struct charge_book *b)
{
    *b = (struct charge_book){0};
    index_init(&b->by_user, sizeof(struct user_name));
    index_init(&b->by_hour, sizeof(struct due_key));
}

void charge_book_free(struct charge_book *b)
{
    free(b->payers);
    free(b->due);
    index_free(&b->by_user);
    index_free(&b->by_hour);
}

static struct charge_payer *find_payer(const struct charge_book *b, const struct user_name *user)
{
    uint32_t place = index_find(&b->by_user, user);

    return place == INDEX_NONE ? NULL : &b->payers[place];
}

static struct charge_payer *need_payer(struct charge_book *b, const struct user_name *user)
{
    struct charge_payer *p = find_payer(b, user), *more;

    if (p)
        return p;
    more = realloc(b->payers, (b->payer_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    b->payers = more;
    if (index_put(&b->by_user, user, (uint32_t)b->payer_count) != 0)
        return NULL;
    p = &more[b->payer_count++];
    *p = (struct charge_payer){.user = *user};
    return p;
}

static struct charge *need_due(struct charge_book *b, const struct user_name *user,
                               struct wall hour)
{
    struct due_key key = {.user = *user, .hour = hour.ns};
    uint32_t place = index_find(&b->by_hour, &key);
    struct charge *more;

    if (place != INDEX_NONE)
        return &b->due[place];
    more = realloc(b->due, (b->due_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    b->due = more;
    if (index_put(&b->by_hour, &key, (uint32_t)b->due_count) != 0)
        return NULL;
    more[b->due_count] = (struct charge){.user = *user, .hour = hour};
    return &more[b->due_count++];
}

/* The part of a carried amount that has become whole units of 10^9. */
static int64_t take_whole(int64_t *carried, int64_t more)
{
    int64_t sum = num_add(*carried, more);

    *carried = sum % NS_PER_S;
    return sum / NS_PER_S;
}

static size_t parts_of(const struct charge_terms *terms, const struct charge_item *item,
                       struct tariff_part parts[TARIFF_PARTS])
{
    struct span elapsed = item->elapsed;

    if (elapsed.ns > terms->cap.ns)
        elapsed = terms->cap;
    return tariff_split(&terms->tariff, terms->now, elapsed, parts);
}

/* Makes room for every entry the item will touch, so that charging itself cannot fail. */
static int reserve(struct charge_book *b, const struct charge_terms *terms,
                   const struct charge_item *item)
{
    struct tariff_part parts[TARIFF_PARTS];
    size_t n = parts_of(terms, item, parts);

    if (!need_payer(b, &item->session->user))
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (!need_due(b, &item->session->user, parts[i].hour))
            return -ENOMEM;
    }
    return 0;
}

static void charge_item(struct charge_book *b, const struct charge_terms *terms,
                        const struct charge_item *item, size_t divisor)
{
    struct tariff_part parts[TARIFF_PARTS];
    size_t n = parts_of(terms, item, parts);
    struct charge_payer *payer = need_payer(b, &item->session->user);

    for (size_t i = 0; i < n; i++) {
        struct charge *due = need_due(b, &item->session->user, parts[i].hour);
        int64_t cost = num_mul(parts[i].length.ns, parts[i].rate) / (int64_t)divisor;
        int64_t points = take_whole(&payer->nanopoints, cost);

        due->points = num_add(due->points, points);
        due->seconds = num_add(due->seconds, take_whole(&payer->use_ns, parts[i].length.ns));
        payer->owed = num_add(payer->owed, points);
        item->session->points = num_add(item->session->points, points);
        item->session->used.ns += parts[i].length.ns;
    }
}

/* A free user pays for the session that ran longest, and for no other. */
static int choose_free(struct index *longest, struct charge_item *items, size_t n)
{
    uint32_t other = index_find(longest, &items[n].session->user);

    if (other != INDEX_NONE && items[other].elapsed.ns >= items[n].elapsed.ns)
        return 0;
    if (other != INDEX_NONE)
        items[other].pays = false;
    items[n].pays = true;
    return index_put(longest, &items[n].session->user, (uint32_t)n);
}

int charge_choose(struct charge_item *items, size_t count, size_t *payers)
{
    struct index longest;
    int err = 0;

    index_init(&longest, sizeof(struct user_name));
    for (size_t i = 0; i < count && !err; i++) {
        items[i].pays = items[i].active && !items[i].free_user;
        if (items[i].active && items[i].free_user)
            err = choose_free(&longest, items, i);
    }
    index_free(&longest);
    *payers = 0;
    for (size_t i = 0; i < count; i++)
        *payers += items[i].pays;
    return err;
}

int charge_pass(struct charge_book *b, const struct charge_terms *terms, struct charge_item *items,
                size_t count)
{
    size_t payers;
    int err = charge_choose(items, count, &payers);

    if (terms->tariff.channels == 0)
        return err;
    for (size_t i = 0; i < count && !err; i++) {
        if (items[i].pays && !items[i].later)
            err = reserve(b, terms, &items[i]);
    }
    for (size_t i = 0; i < count && !err; i++) {
        if (items[i].pays && !items[i].later)
            charge_item(b, terms, &items[i], terms->shared_line ? payers : 1);
    }
    return err;
}

int64_t charge_owed(const struct charge_book *b, const struct user_name *user)
{
    const struct charge_payer *p = find_payer(b, user);

    return p ? p->owed : 0;
}

void charge_settled(struct charge_book *b)
{
    b->due_count = 0;
    index_clear(&b->by_hour);
}

void charge_balances_read(struct charge_book *b)
{
    for (size_t i = 0; i < b->payer_count; i++)
        b->payers[i].owed = 0;
    for (size_t i = 0; i < b->due_count; i++) {
        struct charge_payer *payer = find_payer(b, &b->due[i].user);

        payer->owed = num_add(payer->owed, b->due[i].points);
    }
}

struct span charge_time_left(const struct charge_book *b, const struct user_name *user,
                             int64_t points, int64_t rate, size_t divisor)
{
    const struct charge_payer *p = find_payer(b, user);
    int64_t day = 86400 * NS_PER_S;
    /* Nanopoints times sessions: more than 64 bits hold. */
    __int128 needed = (__int128)points * NS_PER_S - (p ? p->nanopoints : 0), ns;

    if (needed <= 0)
        return (struct span){0};
    if (rate <= 0)
        return (struct span){day};
    ns = (needed * (__int128)divisor + rate - 1) / rate;
    return (struct span){ns < day ? (int64_t)ns : day};
}
