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

/* Bytes without padding: two keys compare with memcmp(). */
struct group_key {
    struct user_name user;
    uint8_t free_user; /* then the machine is none */
    struct lladdr machine;
};

static bool is_alone(const struct charge_item *item)
{
    return !item->free_user && item->machine.len == 0;
}

static struct group_key group_of(const struct charge_item *item)
{
    struct group_key key = {.user = item->session->user, .free_user = item->free_user};

    if (!item->free_user)
        key.machine = item->machine;
    return key;
}

/* Who pays now pays before who pays later; then the one that ran longest; then the first. */
static bool takes_over(const struct charge_item *item, const struct charge_item *from)
{
    return item->later != from->later ? from->later : item->elapsed.ns > from->elapsed.ns;
}

static int choose_in_group(struct index *payers, struct charge_item *items, size_t n)
{
    struct group_key key = group_of(&items[n]);
    uint32_t other = index_find(payers, &key);

    if (other != INDEX_NONE && !takes_over(&items[n], &items[other]))
        return 0;
    if (other != INDEX_NONE)
        items[other].pays = false;
    items[n].pays = true;
    return index_put(payers, &key, (uint32_t)n);
}

/* `payers`: by group, where the one that pays is among the items. */
static int choose(struct index *payers, struct charge_item *items, size_t count, size_t *number)
{
    int err = 0;

    for (size_t i = 0; i < count && !err; i++) {
        items[i].pays = items[i].active && is_alone(&items[i]);
        if (items[i].active && !is_alone(&items[i]))
            err = choose_in_group(payers, items, i);
    }
    *number = 0;
    for (size_t i = 0; i < count; i++)
        *number += items[i].pays;
    return err;
}

int charge_choose(struct charge_item *items, size_t count, size_t *payers)
{
    struct index by_group;
    int err;

    index_init(&by_group, sizeof(struct group_key));
    err = choose(&by_group, items, count, payers);
    index_free(&by_group);
    return err;
}

/* What the payer of the group has just paid for is time of this session, too. */
static void cover(const struct index *payers, const struct charge_item *items,
                  struct charge_item *item)
{
    struct group_key key = group_of(item);
    uint32_t place = is_alone(item) ? INDEX_NONE : index_find(payers, &key);
    const struct charge_item *payer = place == INDEX_NONE ? NULL : &items[place];

    if (!payer || payer->later || payer->elapsed.ns <= 0)
        return;
    item->covered = payer->elapsed.ns < item->elapsed.ns ? payer->elapsed : item->elapsed;
}

int charge_pass(struct charge_book *b, const struct charge_terms *terms, struct charge_item *items,
                size_t count)
{
    struct index payers;
    size_t divisor;
    int err;

    index_init(&payers, sizeof(struct group_key));
    err = choose(&payers, items, count, &divisor);
    for (size_t i = 0; i < count; i++)
        items[i].covered = (struct span){0};
    if (terms->tariff.channels == 0)
        count = 0;
    for (size_t i = 0; i < count && !err; i++) {
        if (items[i].pays && !items[i].later)
            err = reserve(b, terms, &items[i]);
    }
    for (size_t i = 0; i < count && !err; i++) {
        if (items[i].pays && !items[i].later)
            charge_item(b, terms, &items[i], terms->shared_line ? divisor : 1);
        if (items[i].later)
            cover(&payers, items, &items[i]);
    }
    index_free(&payers);
    return err;
}

int64_t charge_owed(const struct charge_book *b, const struct user_name *user)
{
    const struct charge_payer *p = find_payer(b, user);

    return p ? p->owed : 0;
}

int64_t charge_unwritten(const struct charge_book *b, const struct user_name *user)
{
    int64_t points = 0;

    for (size_t i = 0; i < b->due_count; i++) {
        if (memcmp(&b->due[i].user, user, sizeof *user) == 0)
            points = num_add(points, b->due[i].points);
    }
    return points;
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
